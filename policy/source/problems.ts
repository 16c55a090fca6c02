// Collects the problems of one policy text while it is read, so that all are reported at once.

import type { LineCounter } from 'yaml'
import { POLICY_LIMITS } from '../limits.ts'
import { PolicyError, type PolicyProblem } from '../policy-error.ts'

/** The problems found so far. */
export class Problems {
  readonly #file: string
  readonly #lines: LineCounter
  readonly #found: (PolicyProblem & { readonly offset: number })[] = []

  constructor(file: string, lines: LineCounter) {
    this.#file = file
    this.#lines = lines
  }

  /** Adds a problem at an offset of the text. */
  add(offset: number, path: string, message: string, fix: string): void {
    const { line, col } = this.#lines.linePos(offset)
    this.#found.push({ file: this.#file, line, column: col, path, message, fix, offset })
  }

  /** The line of an offset, from 1. */
  lineOf(offset: number): number {
    return this.#lines.linePos(offset).line
  }

  /** The column of an offset, from 1, in UTF-16 code units. */
  columnOf(offset: number): number {
    return this.#lines.linePos(offset).col
  }

  /** @throws PolicyError when there are any, in order of place */
  throwIfAny(): void {
    if (this.#found.length === 0) return
    const ordered = this.#found.sort((a, b) => a.offset - b.offset)
    const problems = ordered.map(({ offset: _, ...problem }) => problem)
    const shown = problems.slice(0, POLICY_LIMITS.maxProblems)
    throw new PolicyError(shown, problems.length - shown.length)
  }
}
