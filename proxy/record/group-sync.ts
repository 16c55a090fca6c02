/**
 * One sync at a time for however many ask. Whoever asks while one runs shares the next, so a group
 * is as large as the disk is slow, and nobody waits for company.
 */

export class GroupSync {
  readonly #sync: () => Promise<void>
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(sync: () => Promise<void>) {
    this.#sync = sync
  }

  /** Resolves after a sync that began after this call; rejects as that sync does. */
  request(): Promise<void> {
    if (this.#running === undefined) return this.#start()
    this.#next ??= this.#after(this.#running)
    return this.#next
  }

  async #after(running: Promise<void>): Promise<void> {
    await Promise.allSettled([running])
    this.#next = undefined
    await this.#start()
  }

  #start(): Promise<void> {
    const sync = this.#sync().finally(() => {
      if (this.#running === sync) this.#running = undefined
    })
    this.#running = sync
    return sync
  }
}
