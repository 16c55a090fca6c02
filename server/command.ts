/**
 * `countersign server run` and `countersign server validate`: command line, configuration, exit
 * code. What a server consists of is in `server.ts`.
 */

import { once } from 'node:events'
import type { Clock } from '../runtime/clock.ts'
import { type Daemon, type DaemonIo, runDaemon } from '../runtime/daemon.ts'
import { Failure } from '../runtime/failure.ts'
import type { FlagSpecs, FlagValues } from '../runtime/flags.ts'
import { Lifetime } from '../runtime/lifetime.ts'
import type { Logger } from '../runtime/log.ts'
import { type ConfigOverrides, loadServerConfig, type ServerConfig } from './config.ts'
import { startServer } from './server.ts'

const flags = {
  bindAddress: { kind: 'string', help: 'Address to listen on for agents' },
  config: { kind: 'string', help: 'Path of the configuration file' },
  dataDir: { kind: 'string', help: 'Directory for what the server keeps' },
  expandEnv: { kind: 'bool', help: 'Fill environment variables into the configuration file' },
  logFile: { kind: 'string', help: 'File to write the log to' },
  logFormat: { kind: 'string', help: "'text' or 'json'" },
  logLevel: { kind: 'string', help: "'debug', 'info', 'warn' or 'error'" },
  logSourceLocation: { kind: 'bool', help: 'Not supported: the server refuses to start' },
  serverPort: { kind: 'int', help: 'Port to listen on for agents' },
  socketPath: { kind: 'string', help: 'Path of the private socket' },
  trustDomain: { kind: 'string', help: 'Trust domain that the server belongs to' },
} as const satisfies FlagSpecs

/** Runs one command to its end and returns its exit code. The signal ends `run`. */
export async function runServer(
  argv: readonly string[],
  io: DaemonIo,
  signal: AbortSignal,
): Promise<number> {
  return await runDaemon(daemon, argv, io, signal)
}

const daemon: Daemon<typeof flags, ServerConfig> = {
  name: 'server',
  flags,
  load: async ({ values, given }, io) => {
    const file = given.has('config') ? values.config : undefined
    return await loadServerConfig(file, overridesOf(values, given, io))
  },
  serve,
  valid: 'SPIRE server configuration file is valid.',
  invalid: invalidFile,
}

function invalidFile(problem: string): string {
  const opening = 'SPIRE server configuration file is invalid'
  return problem.startsWith('Validation errors:')
    ? `${opening}.\n${problem}\n`
    : `${opening}: ${problem}\n`
}

/** Runs until the signal, or until a part of the server can go on no longer. */
async function serve(
  { settings }: ServerConfig,
  deps: { readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  const lifetime = new Lifetime()
  const failing = new AbortController()
  try {
    await startServer(settings, deps, lifetime, (error) => {
      failing.abort(error)
    })
    const ended = AbortSignal.any([signal, failing.signal])
    if (!ended.aborted) await once(ended, 'abort')
  } finally {
    await lifetime.close()
  }
  failing.signal.throwIfAborted()
}

function overridesOf(
  values: FlagValues<typeof flags>,
  given: ReadonlySet<string>,
  { env }: DaemonIo,
): ConfigOverrides {
  if (given.has('logSourceLocation'))
    throw new Failure('invalid-configuration', '-logSourceLocation is not supported yet')
  const ifGiven = <T>(name: string, value: T): T | undefined =>
    given.has(name) ? value : undefined
  return {
    bindAddress: ifGiven('bindAddress', values.bindAddress),
    serverPort: ifGiven('serverPort', values.serverPort),
    socketPath: ifGiven('socketPath', values.socketPath),
    trustDomain: ifGiven('trustDomain', values.trustDomain),
    dataDir: ifGiven('dataDir', values.dataDir),
    logLevel: ifGiven('logLevel', values.logLevel),
    logFile: ifGiven('logFile', values.logFile),
    logFormat: ifGiven('logFormat', values.logFormat),
    expandEnv: values.expandEnv ? env : undefined,
  }
}
