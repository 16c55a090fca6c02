/** Counts refusals before authentication, by address and reason, until the next summary record. */

import { boundText, textLimits } from '../../audit/bounded-text.ts'
import { listLimits } from '../../audit/read-record.ts'
import type { Refusal, SummaryFields } from '../../audit/record.ts'

export class RefusalCounter {
  #counts = new Map<string, { readonly address: string; readonly reason: string; count: number }>()
  #others = 0
  #since: Date | undefined

  count(address: string, reason: string, now: Date): void {
    this.#since ??= now
    const key = `${reason} ${address}`
    const known = this.#counts.get(key)
    if (known !== undefined) known.count++
    else if (this.#counts.size === listLimits.refusals) this.#others++
    else
      this.#counts.set(key, { address: boundText(address, textLimits.address), reason, count: 1 })
  }

  /** What was counted since the last call; undefined when nothing was. */
  take(): SummaryFields | undefined {
    if (this.#since === undefined) return undefined
    const refusals: Refusal[] = [...this.#counts.values()]
    const summary = {
      kind: 'summary',
      others: this.#others,
      refusals,
      since: this.#since.toISOString(),
    } as const
    this.#counts = new Map()
    this.#others = 0
    this.#since = undefined
    return summary
  }
}
