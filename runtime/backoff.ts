/** Waiting longer after each failure, so that a peer that comes back is not overrun. */

export interface BackoffOptions {
  /** First wait in milliseconds. */
  readonly firstMs: number
  /** Longest wait in milliseconds. */
  readonly mostMs: number
  /** Between 0 and 1; `Math.random` unless told. */
  readonly random?: () => number
}

export class Backoff {
  readonly #options: BackoffOptions
  #nextMs: number

  constructor(options: BackoffOptions) {
    this.#options = options
    this.#nextMs = options.firstMs
  }

  /** The next wait: doubled each time, with a jitter of a quarter either way. */
  nextMs(): number {
    const { mostMs, random = Math.random } = this.#options
    const base = this.#nextMs
    this.#nextMs = Math.min(base * 2, mostMs)
    return base * (0.75 + random() / 2)
  }

  /** After a success: the next failure waits shortly again. */
  reset(): void {
    this.#nextMs = this.#options.firstMs
  }
}

/** Resolves after so many milliseconds, at once when the signal is aborted; never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.min(ms, 30_000))
    signal.addEventListener('abort', done, { once: true })
  })
}
