/** The process around a command, for tests: what it prints is kept. */

import type { Io } from '../../clients/cli/command.ts'

export class CollectedIo implements Io {
  readonly env: Readonly<Record<string, string | undefined>> = {}
  readonly pretty = false
  readonly hints = false
  readonly signal: AbortSignal
  stdout = ''
  stderr = ''
  readonly #input: string
  readonly #onOutput: (io: CollectedIo) => void

  constructor(
    options: { input?: string; signal?: AbortSignal; onOutput?: (io: CollectedIo) => void } = {},
  ) {
    this.#input = options.input ?? ''
    this.signal = options.signal ?? new AbortController().signal
    this.#onOutput = options.onOutput ?? (() => undefined)
  }

  out(text: string): void {
    this.stdout += text
    this.#onOutput(this)
  }

  err(text: string): void {
    this.stderr += text
  }

  readInput(): Promise<string> {
    return Promise.resolve(this.#input)
  }
}
