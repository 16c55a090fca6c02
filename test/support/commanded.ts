/**
 * The inside of a program that a test gives commands: a line of JSON on standard input names one,
 * a line on standard output answers it. The program ends with its standard input.
 */

import { createInterface } from 'node:readline'

export interface Given {
  readonly id: number
  readonly what: string
  readonly [argument: string]: unknown
}

/** Answers each command with what its handler returns, as soon as it has. */
export async function obey(
  handlers: Readonly<Record<string, (given: Given) => unknown>>,
): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const given = JSON.parse(line) as Given
    void answer(given, handlers[given.what])
  }
}

async function answer(given: Given, handler: ((given: Given) => unknown) | undefined) {
  if (handler === undefined) throw new Error(`no command ${given.what}`)
  const found: unknown = await handler(given)
  process.stdout.write(`${JSON.stringify({ id: given.id, answer: found ?? null })}\n`)
}
