/** The part of the record that the data path writes to. */

import type { DecisionId } from '../audit/decision-id.ts'
import type { Logger } from '../runtime/log.ts'
import type { Decision } from './record/bound-decision.ts'
import type { Journal } from './record/journal.ts'

export type DecisionLog = Pick<Journal, 'appendDecision' | 'appendOutcome' | 'countRefusal'>

/**
 * Records a denial and returns its id. The denial stands, and the id is good, whether or not the
 * record could be written; then the log says what was lost.
 */
export async function recordDenial(
  decision: Decision,
  journal: DecisionLog,
  log: Logger,
): Promise<DecisionId> {
  const { decisionId, written } = journal.appendDecision(decision)
  try {
    await written
  } catch (err) {
    log.error({ err, decisionId, reason: decision.reason }, 'A denial could not be recorded')
    return decisionId
  }
  return decisionId
}
