/**
 * One JSON-RPC message of a caller, read so strictly that no other reader can see another message in
 * it: JSON-RPC 2.0, MCP base protocol.
 *
 * Beyond the JSON itself (spiffe/json), members are refused that a careless reader takes for the one
 * that is decided on: another case, a compatibility character, an invisible one.
 */

import { JsonError } from '../../spiffe/json/json-error.ts'
import { readJson } from '../../spiffe/json/read.ts'
import { JsonObject, type JsonValue } from '../../spiffe/json/value.ts'
import { type Denied, deny } from '../denied.ts'
import { type RpcId, readRpcId } from './rpc-id.ts'

export interface RpcMessage {
  readonly method: string
  /** Absent in a notification. */
  readonly id?: RpcId
  readonly params?: JsonObject
  /** `params._meta`. */
  readonly meta?: JsonObject
  /** The whole message. */
  readonly value: JsonObject
}

const messageMembers = ['jsonrpc', 'id', 'method', 'params'] as const
/** Members of `params` and `_meta` that servers act on. */
const knownMembers = [
  '_meta',
  'arguments',
  'capabilities',
  'clientInfo',
  'cursor',
  'inputResponses',
  'io.modelcontextprotocol/clientCapabilities',
  'io.modelcontextprotocol/clientInfo',
  'io.modelcontextprotocol/logLevel',
  'io.modelcontextprotocol/protocolVersion',
  'level',
  'name',
  'progressToken',
  'protocolVersion',
  'reason',
  'requestId',
  'requestState',
  'task',
  'uri',
] as const
const spellingOf: ReadonlyMap<string, string> = new Map(
  knownMembers.map((name) => [name.toLowerCase(), name]),
)

/** Reads the body of a POST. The id, where one could be read, is in the refusal. */
export function readMessage(body: Uint8Array, maxBytes: number): RpcMessage | Denied {
  let value: JsonValue
  try {
    value = readJson(body, { maxBytes })
  } catch (error) {
    if (error instanceof JsonError)
      return deny('json-unreadable', `${error.code}: ${error.message}`)
    throw error
  }
  if (!(value instanceof JsonObject)) return invalid(Array.isArray(value) ? 'a batch' : 'no object')
  const id = value.has('id') ? readRpcId(value.get('id')) : undefined
  if (value.has('id') && id === undefined) return invalid('the id is no text and no safe integer')
  const read = readMembers(value, id)
  return 'denied' in read && id !== undefined ? { ...read, rpcId: id } : read
}

function readMembers(value: JsonObject, id: RpcId | undefined): RpcMessage | Denied {
  const unknown = value.names().find((name) => !messageMembers.some((known) => known === name))
  if (unknown === 'result' || unknown === 'error') return invalid('a response')
  if (unknown !== undefined) return invalid('a member that JSON-RPC does not know')
  if (value.get('jsonrpc') !== '2.0') return invalid('jsonrpc is not "2.0"')
  const method = value.get('method')
  if (typeof method !== 'string' || method === '') return invalid('method is not a text')
  if (method.startsWith('notifications/') !== (id === undefined))
    return invalid(id === undefined ? 'a request without an id' : 'a notification with an id')
  const params = value.get('params')
  if (params !== undefined && !(params instanceof JsonObject)) return invalid('params is no object')
  const meta = params?.get('_meta')
  if (meta !== undefined && !(meta instanceof JsonObject)) return invalid('_meta is no object')
  for (const object of [params, meta]) {
    const lookalike = object?.names().find(isLookalike)
    if (lookalike !== undefined) return invalid('a member that looks like another one')
  }
  return {
    method,
    value,
    ...(id === undefined ? {} : { id }),
    ...(params === undefined ? {} : { params }),
    ...(meta === undefined ? {} : { meta }),
  }
}

/** Another spelling of a member that servers know, for a reader that folds case or trims. */
function isLookalike(name: string): boolean {
  const folded = name
    .normalize('NFKC')
    .replace(/[\p{C}\p{Z}]/gu, '')
    .toLowerCase()
  const known = spellingOf.get(folded)
  return known !== undefined && known !== name
}

function invalid(detail: string): Denied {
  return deny('message-invalid', detail)
}
