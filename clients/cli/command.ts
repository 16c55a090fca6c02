/**
 * What a command is: flags, a function of their values, an exit code.
 *
 * Data goes to stdout, talk to stderr. A command that fails throws; here its error becomes text and
 * an exit code, in the words that SPIRE's commands use.
 */

import { Failure, reasonOf } from '../../runtime/failure.ts'
import { type FlagSpecs, type FlagValues, flagUsage, parseFlags } from '../../runtime/flags.ts'
import { grpcCode, grpcCodeName, isServiceError } from '../../runtime/grpc/status.ts'
import { SpiffeError } from '../../spiffe/spiffe-error.ts'

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
}

export interface Command {
  readonly summary: string
  usage(): string
  /** The exit code. */
  run(argv: readonly string[], io: Io): Promise<number>
}

export interface CommandSpec<S extends FlagSpecs> {
  /** As the help calls it: `entry create`. */
  readonly name: string
  readonly summary: string
  readonly flags: S
  /** Names of words after the flags, for the help; `?` ends one that may be absent. */
  readonly words?: readonly string[]
  /** What stands before an error's text; `Error: ` unless told. */
  readonly errorPrefix?: string
  /** Exit code of a command used wrongly; 1 unless told, as with SPIRE. */
  readonly misuse?: number
  run(values: FlagValues<S>, io: Io, rest: readonly string[]): Promise<number>
}

export function defineCommand<const S extends FlagSpecs>(spec: CommandSpec<S>): Command {
  const usage = (): string => flagUsage([spec.name, ...(spec.words ?? [])].join(' '), spec.flags)
  return {
    summary: spec.summary,
    usage,
    run: async (argv, io) => {
      const { flagsFirst, words } = separate(argv, spec)
      const parsed = parseFlags(flagsFirst, spec.flags)
      if ('helpWanted' in parsed) {
        io.err(`${usage()}\n${spec.summary}\n`)
        return 0
      }
      if ('problem' in parsed) {
        io.err(`${parsed.problem}\n${usage()}`)
        return spec.misuse ?? 1
      }
      try {
        return await spec.run(parsed.values, io, [...words, ...parsed.rest])
      } catch (error) {
        io.err(`${spec.errorPrefix ?? 'Error: '}${errorText(error)}\n`)
        return error instanceof UsageError ? (spec.misuse ?? 1) : 1
      }
    },
  }
}

/** Refuses bad use of a command with a sentence and, where there is one, the next step. */
export class UsageError extends Error {}

/** The sentence for a person: SPIRE's form for a peer's refusal, the plain message otherwise. */
export function errorText(error: unknown): string {
  if (error instanceof Failure && isServiceError(error.cause))
    return `rpc error: code = ${grpcCodeName(grpcCode(error.code))} desc = ${error.message}`
  const known =
    error instanceof Failure || error instanceof UsageError || error instanceof SpiffeError
  const hint = error instanceof Failure && error.hint ? `\n  next: ${error.hint}` : ''
  return known ? `${error.message}${hint}` : `unexpected: ${reasonOf(error)}`
}

/** Our own commands take a word before their flags too: `why ID --output json`. */
function separate(
  argv: readonly string[],
  { words = [] }: { readonly words?: readonly string[] },
): { words: readonly string[]; flagsFirst: readonly string[] } {
  const leading = argv.findIndex((word) => word.startsWith('-'))
  const count = Math.min(leading < 0 ? argv.length : leading, words.length)
  return { words: argv.slice(0, count), flagsFirst: argv.slice(count) }
}
