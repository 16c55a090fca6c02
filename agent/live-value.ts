/** A value that many follow: each gets what holds now, then the newest whenever it changed. */

export class LiveValue<T> {
  #value: T
  #version = 0
  readonly #waiting = new Set<() => void>()
  #followers = 0

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  /** How many follow at this moment. */
  get followers(): number {
    return this.#followers
  }

  set(value: T): void {
    this.#value = value
    this.#version++
    const woken = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of woken) wake()
  }

  /** Slow followers miss what was replaced meanwhile. Ends when the signal is aborted. */
  async *follow(signal: AbortSignal): AsyncGenerator<T, void, undefined> {
    let wake = (): void => undefined
    const isOver = (): boolean => signal.aborted
    const onAbort = (): void => {
      wake()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    this.#followers++
    try {
      while (!isOver()) {
        const version = this.#version
        yield this.#value
        if (version !== this.#version || isOver()) continue
        await new Promise<void>((resolve) => {
          wake = resolve
          this.#waiting.add(resolve)
        })
        this.#waiting.delete(wake)
      }
    } finally {
      this.#followers--
      signal.removeEventListener('abort', onAbort)
    }
  }
}
