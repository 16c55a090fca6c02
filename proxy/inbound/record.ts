/** Sixth stage: the decision is in the record, or the call is not made. DESIGN.md section 6. */

import type { DecisionId } from '../../audit/decision-id.ts'
import { reasonOf } from '../../runtime/failure.ts'
import type { DecisionLog } from '../decision-log.ts'
import { type Denied, deny } from '../denied.ts'
import type { ReadCall } from './decide.ts'
import { decidedOn } from './decided-on.ts'
import { decisionToAllow } from './decision.ts'
import type { Dialled } from './dial.ts'

/** Nothing goes upstream unrecorded: a decision that cannot be written is a denial. */
export async function record<Read extends ReadCall>(
  dialled: Dialled<Read>,
  journal: DecisionLog,
): Promise<Recorded<Read> | Denied> {
  const { decisionId, written } = journal.appendDecision(
    decisionToAllow(dialled),
    decidedOn(dialled.permit.read),
  )
  try {
    await written
  } catch (error) {
    dialled.lease.release()
    const { known } = dialled.permit.read
    return deny('not-recorded', reasonOf(error), { ...known, decisionId })
  }
  return new Recorded(dialled, decisionId)
}

/** A call that is in the record and may be sent. */
class Recorded<Read extends ReadCall> {
  readonly #dialled: Dialled<Read>
  readonly #decisionId: DecisionId

  constructor(dialled: Dialled<Read>, decisionId: DecisionId) {
    this.#dialled = dialled
    this.#decisionId = decisionId
  }

  get dialled(): Dialled<Read> {
    return this.#dialled
  }

  get decisionId(): DecisionId {
    return this.#decisionId
  }
}

export type { Recorded }
