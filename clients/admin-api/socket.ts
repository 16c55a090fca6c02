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

/** Longest path that a Unix socket can have on Linux, in bytes. */
const maxPathBytes = 107

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

/** Nobody answers at a socket: why, in our words and in SPIRE's, and what to do about it. */
export class Unreachable extends Failure {
  readonly spireText: string

  constructor(program: Program, path: string, cause: NodeJS.ErrnoException) {
    const { why, next } = reasons[cause.code ?? ''] ?? { why: cause.message, next: start }
    super('unavailable', `cannot reach the ${program} at ${path || '""'}: ${why}`, {
      cause,
      hint: next(program),
    })
    this.name = 'Unreachable'
    // The doubled slash before the server's path is how SPIRE's own message shows it.
    const shown = program === 'server' ? `//${path}` : path
    this.spireText = `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix ${shown}: connect: ${why}"`
  }
}

const start = (program: Program): string =>
  `start it with countersign ${program} run --config FILE, or name its socket with --socket-path`
const gainAccess = (program: Program): string =>
  program === 'server'
    ? 'run the command as the user whom the server runs as, or as root: whoever opens its socket administers it'
    : "ask for access to the socket's directory"
const nameIt = (program: Program): string => `name the ${program}'s socket with --socket-path`

/** What `connect` says, in the words that SPIRE's users know. */
const reasons: Readonly<Record<string, { why: string; next: (program: Program) => string }>> = {
  ENOENT: { why: 'no such file or directory', next: start },
  ECONNREFUSED: { why: 'connection refused', next: start },
  ENOTSOCK: { why: 'connection refused', next: nameIt },
  EACCES: { why: 'permission denied', next: gainAccess },
  ENOTDIR: { why: 'not a directory', next: nameIt },
  EINVAL: { why: 'invalid argument', next: nameIt },
}

/**
 * Tells why a socket cannot be reached before a channel would wait and try again.
 *
 * @throws {Unreachable}
 */
export async function requireSocket(program: Program, path: string): Promise<void> {
  if (path === '' || Buffer.byteLength(path) > maxPathBytes || path.includes('\0')) {
    const cause = new Error(`expected a path of 1 to ${maxPathBytes} bytes`)
    throw new Unreachable(program, path, Object.assign(cause, { code: 'EINVAL' }))
  }
  await new Promise<void>((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      reject(new Unreachable(program, path, cause))
    })
  })
}
