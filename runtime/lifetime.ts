/** What a process has opened, closed in reverse order. */

export type Close = () => Promise<void> | void

export class Lifetime {
  readonly #closers: Close[] = []
  #closed: Promise<void> | undefined
  readonly #ending = new AbortController()

  /** Aborted when closing begins. */
  get signal(): AbortSignal {
    return this.#ending.signal
  }

  /** Closes `resource` with this lifetime; returns it. */
  own<T extends { close: Close }>(resource: T): T {
    this.defer(() => resource.close())
    return resource
  }

  defer(close: Close): void {
    if (this.#closed !== undefined) throw new TypeError('the lifetime is over')
    this.#closers.push(close)
  }

  /** Closes the last opened first; a failure does not keep the others open. Idempotent. */
  async close(): Promise<void> {
    this.#closed ??= this.#closeAll()
    await this.#closed
  }

  async #closeAll(): Promise<void> {
    this.#ending.abort()
    const errors: unknown[] = []
    for (const close of this.#closers.reverse()) errors.push(...(await failuresOf(close)))
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, 'several resources failed to close')
  }
}

async function failuresOf(close: Close): Promise<readonly unknown[]> {
  try {
    await close()
    return []
  } catch (error) {
    return [error]
  }
}
