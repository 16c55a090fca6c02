/** Pairs decisions with their outcomes: each let-through call has one outcome, or none yet. */

import type { LineFault } from './chain.ts'
import type { DecisionId } from './decision-id.ts'
import type { DecisionRecord, OutcomeRecord } from './record.ts'

/** Most calls that may be open at once; a chain that claims more is refused. */
const maxOpenDecisions = 1 << 20

export class OpenDecisions {
  readonly #open = new Set<DecisionId>()
  #abandoned = 0

  /** Calls whose outcome is unknown: still open, or cut off when the writer ended. */
  get unknown(): number {
    return this.#open.size + this.#abandoned
  }

  decided(record: DecisionRecord): LineFault | undefined {
    if (record.verdict === 'deny') return undefined
    if (this.#open.size === maxOpenDecisions)
      return { fault: `opens a call while ${maxOpenDecisions} are open` }
    this.#open.add(record.decisionId)
    return undefined
  }

  ended(record: OutcomeRecord): LineFault | undefined {
    if (this.#open.delete(record.decisionId)) return undefined
    return { fault: `is an outcome of ${record.decisionId}, and no such call is open` }
  }

  /** The writer was restarted: what was open then has no outcome any more. */
  abandon(): void {
    this.#abandoned += this.#open.size
    this.#open.clear()
  }
}
