/** Which Unix socket a command talks to: the flag, an instance of a template, or the default. */

import { connect } from 'node:net'
import { Failure } from '../../runtime/failure.ts'
import type { FlagSpec } from '../../runtime/flags.ts'

/** Where each program listens when nothing else is said. */
export const defaultSockets = {
  server: '/tmp/spire-server/private/api.sock',
  agent: '/tmp/spire-agent/public/api.sock',
} as const

export type Program = keyof typeof defaultSockets

const templates = {
  server: 'SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE',
  agent: 'SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE',
} as const satisfies Record<Program, string>

/** The two flags that every command of this program has. */
export function socketFlags(program: Program) {
  return {
    instance: {
      kind: 'string',
      help: `Instance name to put into the socket template (env ${templates[program]}).`,
    },
    socketPath: {
      kind: 'string',
      help: `Path of the ${program}'s API socket`,
      default: defaultSockets[program],
    },
  } as const satisfies Record<string, FlagSpec>
}

/** @throws {Failure} when an instance is named and there is no template. */
export function socketPathOf(
  program: Program,
  flags: { readonly instance: string; readonly socketPath: string },
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (flags.instance === '') return flags.socketPath
  const template = env[templates[program]]
  if (template === undefined || template === '')
    throw new Failure(
      'invalid-argument',
      `you must define ${templates[program]} to use the instance flag`,
    )
  return template.replaceAll('%i', flags.instance)
}

const dialErrors: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ECONNREFUSED: 'connection refused',
  EACCES: 'permission denied',
  ENOTSOCK: 'connection refused',
}

/**
 * Tells why a socket cannot be reached, in the words SPIRE's users know, before a channel would
 * wait and try again. `shownPath` is the path as the message has it.
 *
 * @throws {Failure} `unavailable`
 */
export async function requireSocket(path: string, shownPath = path): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      const why = dialErrors[cause.code ?? ''] ?? cause.message
      const text = `connection error: desc = "transport: Error while dialing: dial unix ${shownPath}: connect: ${why}"`
      reject(new Failure('unavailable', `rpc error: code = Unavailable desc = ${text}`, { cause }))
    })
  })
}
