/**
 * The exchanges that are under way. They are looked at again whenever a policy or a bundle changes,
 * and cut when they would not be allowed to begin; none lives longer than its limit. DESIGN.md
 * section 4 (TLS) and 5.
 */

import type { Ending } from '../audit/record.ts'
import type { Clock } from '../runtime/clock.ts'
import { loop } from '../runtime/loop.ts'
import { Cut } from './cut.ts'

/** Why an exchange may not go on; undefined when it may. */
export type Objection = () => Ending | undefined

interface Open {
  readonly objection: Objection
  /** When it is cut at the latest, in milliseconds since 1970. */
  readonly latestMs: number
}

/** How often ages are looked at. */
const ageCheckMs = 1000

export class OpenExchanges {
  readonly #clock: Clock
  readonly #open = new Map<AbortController, Open>()
  readonly #ending = new AbortController()
  readonly #ageing: Promise<void>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#ageing = loop(async () => {
      this.#cutOld()
      return await Promise.resolve(ageCheckMs)
    }, this.#ending.signal)
  }

  /** From now on `exchange` is aborted, with a Cut, as soon as there is an objection or it is too old. */
  add(exchange: AbortController, objection: Objection, maxAgeMs: number): void {
    const latestMs = this.#clock.now().getTime() + maxAgeMs
    this.#open.set(exchange, { objection, latestMs })
    cutIf(exchange, objection)
  }

  remove(exchange: AbortController): void {
    this.#open.delete(exchange)
  }

  /** To be called after each change that could matter to one of them. */
  recheck(): void {
    for (const [exchange, { objection }] of [...this.#open]) cutIf(exchange, objection)
  }

  cutAll(ending: Ending): void {
    for (const exchange of [...this.#open.keys()]) exchange.abort(new Cut(ending))
  }

  async close(): Promise<void> {
    this.#ending.abort()
    await this.#ageing
  }

  #cutOld(): void {
    const now = this.#clock.now().getTime()
    for (const [exchange, { latestMs }] of [...this.#open])
      if (now >= latestMs) exchange.abort(new Cut('timed-out'))
  }
}

function cutIf(exchange: AbortController, objection: Objection): void {
  const ending = objection()
  if (ending !== undefined) exchange.abort(new Cut(ending))
}
