/**
 * What a command is: flags, words, a function of their values, an exit code.
 *
 * Data goes to stdout, talk to stderr. A command that fails throws; here its error becomes text and
 * an exit code. SPIRE's commands say it in SPIRE's words, to the letter where a program reads them;
 * our own say what, where, why, and what to do next.
 */

import { Failure, reasonOf } from '../../runtime/failure.ts'
import { type FlagSpecs, type FlagValues, flagUsage, parseFlags } from '../../runtime/flags.ts'
import { grpcCodeName, isServiceError } from '../../runtime/grpc/peer-status.ts'
import { SpiffeError } from '../../spiffe/spiffe-error.ts'
import { Unreachable } from '../admin-api/socket.ts'
import { shownLines } from './output.ts'

export interface Io {
  out(text: string): void
  err(text: string): void
  /** All of standard input, at most `maxBytes`. */
  readInput(maxBytes: number): Promise<string>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  /** Whether standard output is a terminal that takes colour. */
  readonly pretty: boolean
  /** Whether a person reads standard error: what to do next is then said after SPIRE's words too. */
  readonly hints: boolean
}

export interface Command {
  readonly summary: string
  usage(): string
  /** The exit code. */
  run(argv: readonly string[], io: Io): Promise<number>
}

export interface CommandSpec<S extends FlagSpecs> {
  /** All its words: `server entry create`. */
  readonly name: string
  readonly summary: string
  readonly flags: S
  /** Whether this is a command of SPIRE's, which answers as SPIRE's does. */
  readonly spire?: true
  /** Names of its words, for our own commands; `?` ends one that may be absent, `...` a list. */
  readonly words?: readonly string[]
  /** What stands before an error's text; `Error: ` unless told. */
  readonly errorPrefix?: string
  /** Exit code of a command used wrongly; 1 unless told, as with SPIRE. */
  readonly misuse?: number
  run(values: FlagValues<S>, io: Io, words: readonly string[]): Promise<number>
}

export function defineCommand<const S extends FlagSpecs>(spec: CommandSpec<S>): Command {
  const { words: wanted = [], misuse = 1 } = spec
  const isOurs = spec.spire !== true
  const usage = (): string => flagUsage(invocation(spec.name, wanted), spec.flags)
  return {
    summary: spec.summary,
    usage,
    run: async (argv, io) => {
      const parsed = parseFlags(argv, spec.flags, { flagsAfterWords: isOurs })
      if ('helpWanted' in parsed) {
        io.err(`${usage()}\n${spec.summary}\n`)
        return 0
      }
      if ('problem' in parsed) {
        io.err(`${parsed.problem}\n${usage()}`)
        return misuse
      }
      try {
        if (isOurs) checkWords(spec.name, wanted, parsed.rest)
        return await spec.run(parsed.values, io, parsed.rest)
      } catch (error) {
        const text = isOurs ? plainText(error) : errorText(error)
        io.err(`${shownLines(`${spec.errorPrefix ?? 'Error: '}${text}`)}\n`)
        const next = hintOf(error)
        if (next !== undefined && (isOurs || io.hints)) io.err(`  next: ${shownLines(next)}\n`)
        return error instanceof UsageError ? misuse : 1
      }
    },
  }
}

/** Refuses bad use of a command with a sentence and, where there is one, the next step. */
export class UsageError extends Error {
  readonly hint: string | undefined

  constructor(message: string, options: { readonly cause?: unknown; readonly hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'UsageError'
    this.hint = options.hint
  }
}

/** The sentence in SPIRE's words: `rpc error: ...` for a peer's refusal, the message otherwise. */
export function errorText(error: unknown): string {
  if (error instanceof Unreachable) return error.spireText
  if (error instanceof Failure && isServiceError(error.cause))
    return `rpc error: code = ${grpcCodeName(error.cause.code)} desc = ${error.message}`
  return plainText(error)
}

/** The sentence in our own words. */
function plainText(error: unknown): string {
  const known =
    error instanceof Failure || error instanceof UsageError || error instanceof SpiffeError
  return known ? error.message : `unexpected: ${reasonOf(error)}`
}

/** What to do next, as the error itself or what lies behind it says. */
function hintOf(error: unknown): string | undefined {
  if (error instanceof Failure || error instanceof UsageError)
    return error.hint ?? hintOf(error.cause)
  return undefined
}

function checkWords(name: string, wanted: readonly string[], given: readonly string[]): void {
  const hint = `countersign ${invocation(name, wanted)}`
  const missing = wanted.find((word, at) => !word.endsWith('?') && given[at] === undefined)
  if (missing !== undefined)
    throw new UsageError(`expected ${missing.replace(/\.\.\.$/, '')}, got nothing`, { hint })
  const surplus = wanted.at(-1)?.endsWith('...') === true ? undefined : given[wanted.length]
  if (surplus !== undefined)
    throw new UsageError(`unexpected word ${JSON.stringify(surplus)}`, { hint })
}

/** `policy get [APP] [NAME]` */
function invocation(name: string, words: readonly string[]): string {
  return [name, ...words.map((word) => word.replace(/^(.*)\?$/, '[$1]'))].join(' ')
}
