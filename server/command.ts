/**
 * `countersign server run` and `countersign server validate`: command line, configuration, exit
 * code. What a server consists of is in `server.ts`.
 */

import { once } from 'node:events'
import { systemClock } from '../runtime/clock.ts'
import { Failure } from '../runtime/failure.ts'
import { type FlagSpecs, type FlagValues, flagUsage, parseFlags } from '../runtime/flags.ts'
import { Lifetime } from '../runtime/lifetime.ts'
import { createLogger, type Logger } from '../runtime/log.ts'
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

/** Where the words go. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Runs one command to its end and returns its exit code. The signal ends `run`. */
export async function runServer(
  [command = '', ...argv]: readonly string[],
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  if (command !== 'run' && command !== 'validate') {
    io.err(`expected run or validate, got ${JSON.stringify(command)}\n`)
    return 1
  }
  const refuse = (problem: string): number => {
    io.err(command === 'validate' ? invalidFile(problem) : `${problem}\n`)
    return 1
  }
  const parsed = parseFlags(argv, flags)
  if ('helpWanted' in parsed) {
    io.err(`${flagUsage(command, flags)}flag: help requested\n`)
    return 0
  }
  if ('problem' in parsed) {
    io.err(`${parsed.problem}\n${flagUsage(command, flags)}`)
    return refuse(parsed.problem)
  }
  let config: ServerConfig
  try {
    const { values, given } = parsed
    const file = given.has('config') ? values.config : undefined
    config = await loadServerConfig(file, overridesOf(values, given, io))
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return refuse(error.message)
  }
  if (command === 'run') return await serve(config, io, signal)
  io.out('SPIRE server configuration file is valid.\n')
  return 0
}

function invalidFile(problem: string): string {
  const opening = 'SPIRE server configuration file is invalid'
  return problem.startsWith('Validation errors:')
    ? `${opening}.\n${problem}\n`
    : `${opening}: ${problem}\n`
}

async function serve(config: ServerConfig, io: Io, signal: AbortSignal): Promise<number> {
  const log = createLogger(config.log)
  const lifetime = new Lifetime()
  const failure = await failureOf(config, { log, lifetime }, signal)
  await lifetime.close()
  if (failure !== undefined) return crashed(failure, log, io)
  log.info('Server stopped gracefully')
  return 0
}

/** Runs until the signal, or until a part of the server can go on no longer, and says which and why. */
async function failureOf(
  { settings }: ServerConfig,
  { log, lifetime }: { readonly log: Logger; readonly lifetime: Lifetime },
  signal: AbortSignal,
): Promise<unknown> {
  const failing = new AbortController()
  try {
    await startServer(settings, { clock: systemClock, log }, lifetime, (error) => {
      failing.abort(error)
    })
    const ended = AbortSignal.any([signal, failing.signal])
    if (!ended.aborted) await once(ended, 'abort')
    return failing.signal.reason
  } catch (error) {
    return error
  }
}

function crashed(failure: unknown, log: Logger, io: Io): number {
  log.fatal({ err: failure }, 'Server crashed')
  const { message, hint } =
    failure instanceof Failure ? failure : { message: String(failure), hint: undefined }
  io.err(`${message}\n${hint === undefined ? '' : `hint: ${hint}\n`}`)
  return 1
}

function overridesOf(
  values: FlagValues<typeof flags>,
  given: ReadonlySet<string>,
  { env }: Io,
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
