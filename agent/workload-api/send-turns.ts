/** Spreads one update to thousands of streams over turns of the event loop, so that calls get in. */

const perTurn = 64

export class SendTurns {
  #left = perTurn
  #next: Promise<void> | undefined

  /** Resolves when it is this sender's turn. */
  async take(): Promise<void> {
    while (this.#left === 0) await this.#turn()
    this.#left--
    void this.#turn()
  }

  /** Resolves in the next turn, in which as many may send again. */
  #turn(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#next = undefined
        this.#left = perTurn
        resolve()
      })
    })
    return this.#next
  }
}
