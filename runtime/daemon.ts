/**
 * What the daemons have in common: `run` and `validate`, their flags, the configuration, the log, the
 * exit code, and the process around it all.
 */

import { type Clock, systemClock } from './clock.ts'
import { Failure } from './failure.ts'
import { type FlagSpecs, type FlagValues, flagUsage, parseFlags } from './flags.ts'
import { createLogger, type Logger, type LogOptions } from './log.ts'

/** Where the words go. */
export interface DaemonIo {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface GivenFlags<S extends FlagSpecs> {
  readonly values: FlagValues<S>
  readonly given: ReadonlySet<string>
}

export interface Daemon<S extends FlagSpecs, Config extends { readonly log: LogOptions }> {
  /** As its commands begin: `server`. */
  readonly name: string
  readonly flags: S
  /** Reads the configuration that the flags name. @throws {Failure} */
  load(flags: GivenFlags<S>, io: DaemonIo): Promise<Config>
  /** Runs until the signal is aborted. @throws {Failure} when it cannot start or go on. */
  serve(config: Config, deps: { clock: Clock; log: Logger }, signal: AbortSignal): Promise<void>
  /** What `validate` says of a configuration without a problem, and of one with. */
  readonly valid: string
  invalid(problem: string): string
}

/** Runs one command to its end and returns its exit code. The signal ends `run`. */
export async function runDaemon<S extends FlagSpecs, Config extends { readonly log: LogOptions }>(
  daemon: Daemon<S, Config>,
  [command = '', ...argv]: readonly string[],
  io: DaemonIo,
  signal: AbortSignal,
): Promise<number> {
  if (command !== 'run' && command !== 'validate') {
    io.err(`expected run or validate, got ${JSON.stringify(command)}\n`)
    return 1
  }
  const usage = (): string => flagUsage(`${daemon.name} ${command}`, daemon.flags)
  const parsed = parseFlags(argv, daemon.flags)
  if ('helpWanted' in parsed) {
    io.err(`${usage()}flag: help requested\n`)
    return 0
  }
  const refuse = (problem: string): number => {
    io.err(command === 'validate' ? daemon.invalid(problem) : `${problem}\n`)
    return 1
  }
  if ('problem' in parsed) {
    io.err(`${parsed.problem}\n${usage()}`)
    return refuse(parsed.problem)
  }
  let config: Config
  try {
    config = await daemon.load(parsed, io)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return refuse(error.message)
  }
  if (command === 'validate') {
    io.out(`${daemon.valid}\n`)
    return 0
  }
  return await serve(daemon, config, io, signal)
}

async function serve<S extends FlagSpecs, Config extends { readonly log: LogOptions }>(
  daemon: Daemon<S, Config>,
  config: Config,
  io: DaemonIo,
  signal: AbortSignal,
): Promise<number> {
  const log = createLogger(config.log)
  try {
    await daemon.serve(config, { clock: systemClock, log }, signal)
    log.info('Stopped')
    return 0
  } catch (error) {
    log.fatal({ err: error }, 'Crashed')
    const known = error instanceof Failure
    io.err(`${known ? error.message : String(error)}\n`)
    if (known && error.hint !== undefined) io.err(`  next: ${error.hint}\n`)
    return 1
  }
}

/** How long what is left open may keep the process alive once all was closed. */
const lingerMs = 2000

/** Makes this process the daemon: signals in, exit code out. */
export async function becomeDaemon(
  run: (argv: readonly string[], io: DaemonIo, signal: AbortSignal) => Promise<number>,
  env: DaemonIo['env'],
): Promise<void> {
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.once(name, () => {
      stop.abort()
    })
  const io: DaemonIo = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env,
  }
  process.exitCode = await run(process.argv.slice(2), io, stop.signal)
  setTimeout(() => process.exit(), lingerMs).unref()
}
