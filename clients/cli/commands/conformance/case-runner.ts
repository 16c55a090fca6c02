/**
 * What the conformance commands share: cases come in as JSON on standard input, each is judged on
 * its own, and the verdicts go out as JSON. A case of the wrong shape is a rejection that says so.
 */

import { z } from 'zod'
import { SpiffeError } from '../../../../spiffe/spiffe-error.ts'
import { type Command, defineCommand, UsageError } from '../../command.ts'

/** Largest input in bytes: the largest public suites have some ten megabytes. */
const maxInputBytes = 128 * 1024 * 1024

/** What a judge says of a case that it accepts. */
export interface Accepted {
  readonly spiffeId?: string
  readonly detail: string
}

/** One line of the output. */
export interface Verdict {
  readonly id: string
  readonly result: 'accept' | 'reject'
  readonly spiffeId?: string
  readonly detail: string
}

/** Judges one case: returns if it is to be accepted, throws a `SpiffeError` if not. */
export type Judge<S extends z.ZodType> = (given: z.output<S>) => Accepted

const anyCase = z.object({ id: z.string() })
const caseList = z.array(z.unknown())
const input = z.union([caseList, z.object({ cases: caseList }).transform(({ cases }) => cases)])

/** An instant: an ISO 8601 text, or seconds since 1970; the present where it is left out. */
export const caseTime = z
  .union([z.number(), z.string()])
  .nullish()
  .transform((time, context) => {
    const date = instantOf(time)
    if (Number.isNaN(date.getTime())) context.addIssue('time is not a time')
    return date
  })

/** A command that judges the cases on its standard input. */
export function conformanceCommand<S extends z.ZodType>(
  about: { readonly name: string; readonly summary: string },
  shape: S,
  judge: Judge<S>,
): Command {
  return defineCommand({
    name: `conformance ${about.name}`,
    summary: about.summary,
    flags: {},
    run: async (_given, io) => {
      const verdicts = judgeCases(await io.readInput(maxInputBytes), shape, judge)
      io.out(`${JSON.stringify(verdicts)}\n`)
      return 0
    },
  })
}

/** Judges the cases of a JSON text, an array or `{"cases": [...]}`. Throws `UsageError` for others. */
export function judgeCases<S extends z.ZodType>(
  text: string,
  shape: S,
  judge: Judge<S>,
): readonly Verdict[] {
  const cases = input.safeParse(parseJson(text))
  if (!cases.success) throw new UsageError('standard input is not a JSON array of cases')
  return cases.data.map((one) => verdictOf(one, shape, judge))
}

function verdictOf<S extends z.ZodType>(given: unknown, shape: S, judge: Judge<S>): Verdict {
  const named = anyCase.safeParse(given)
  const id = named.success ? named.data.id : ''
  const parsed = shape.safeParse(given)
  if (!parsed.success) {
    return { id, result: 'reject', detail: `case: ${z.prettifyError(parsed.error)}` }
  }
  try {
    return { id, result: 'accept', ...judge(parsed.data) }
  } catch (error) {
    if (!(error instanceof SpiffeError)) throw error
    return { id, result: 'reject', detail: error.message }
  }
}

function instantOf(time: number | string | null | undefined): Date {
  if (time === null || time === undefined) return new Date()
  if (typeof time === 'number' || /^-?\d+(\.\d+)?$/.test(time)) return new Date(Number(time) * 1000)
  return new Date(time)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UsageError('standard input is not JSON', { cause })
  }
}
