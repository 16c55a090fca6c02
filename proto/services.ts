/**
 * The services of every .proto file here, as grpc-js wants them.
 *
 * Wire conventions for the whole project: fields in camelCase, 64-bit integers and enums as text,
 * bytes as Buffer, unset fields at their defaults.
 */

import type { ServiceDefinition } from '@grpc/grpc-js'
import { fromJSON, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader'
import { descriptors } from './gen/descriptors.ts'

let loaded: PackageDefinition | undefined

function definitions(): PackageDefinition {
  loaded ??= fromJSON(parsed(descriptors), {
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  })
  return loaded
}

type Root = Parameters<typeof fromJSON>[0]

function parsed(text: string): Root {
  const root: unknown = JSON.parse(text)
  if (!isRoot(root)) throw new TypeError('proto/gen/descriptors.ts holds no descriptors')
  return root
}

function isRoot(value: unknown): value is Root {
  return typeof value === 'object' && value !== null && 'nested' in value
}

/** The definition of the service with this full name, such as `spire.api.server.entry.v1.Entry`. */
export function serviceDefinition<Definition extends ServiceDefinition = ServiceDefinition>(
  fullName: string,
): Definition {
  const definition = definitions()[fullName]
  if (definition === undefined || !isService<Definition>(definition))
    throw new TypeError(`no service ${fullName} in proto/`)
  return definition
}

/** The generated type describes what was loaded from the same file. */
function isService<Definition extends ServiceDefinition>(
  definition: PackageDefinition[string] | Definition,
): definition is Definition {
  return !('format' in definition)
}

/** The message type with this full name, for encoding outside a call. */
export function messageDefinition(fullName: string): MessageTypeDefinition<object, object> {
  const definition = definitions()[fullName]
  if (definition === undefined || !isMessage(definition))
    throw new TypeError(`no message ${fullName} in proto/`)
  return definition
}

function isMessage(
  definition: PackageDefinition[string],
): definition is MessageTypeDefinition<object, object> {
  return 'format' in definition && 'serialize' in definition
}
