/** Lets a limited number do something at the same time, a limited number wait, and no more in. */
export class Turns {
  readonly #waiting: (() => void)[] = []
  readonly #atOnce: number
  readonly #waitingLimit: number
  #running = 0

  constructor(atOnce: number, waitingLimit: number) {
    this.#atOnce = atOnce
    this.#waitingLimit = waitingLimit
  }

  /** Does `work` when its turn comes. Undefined: too many wait already, nothing was done. */
  async take<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#running >= this.#atOnce) {
      if (this.#waiting.length >= this.#waitingLimit) return undefined
      // Whoever ends hands its place over: `#running` stays as it is.
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else {
      this.#running++
    }
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}
