/**
 * The exchanges that are under way, looked at again whenever a policy or a bundle changes: what
 * would not be allowed to begin now is cut. DESIGN.md section 4 (TLS) and 5.
 */

import type { Ending } from '../audit/record.ts'
import { Cut } from './cut.ts'

/** Why an exchange may not go on; undefined when it may. */
export type Objection = () => Ending | undefined

export class OpenExchanges {
  readonly #open = new Map<AbortController, Objection>()

  get size(): number {
    return this.#open.size
  }

  /** From now on `exchange` is aborted, with a Cut, as soon as there is an objection. */
  add(exchange: AbortController, objection: Objection): void {
    this.#open.set(exchange, objection)
    this.#check(exchange, objection)
  }

  remove(exchange: AbortController): void {
    this.#open.delete(exchange)
  }

  /** To be called after each change that could matter to one of them. */
  recheck(): void {
    for (const [exchange, objection] of [...this.#open]) {
      this.#check(exchange, objection)
    }
  }

  #check(exchange: AbortController, objection: Objection): void {
    const ending = objection()
    if (ending !== undefined) exchange.abort(new Cut(ending))
  }

  cutAll(ending: Ending): void {
    for (const exchange of [...this.#open.keys()]) exchange.abort(new Cut(ending))
  }
}
