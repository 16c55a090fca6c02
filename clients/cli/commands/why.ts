/**
 * `why DECISION_ID`: one decision, explained from the record: who wanted what, which rule or which
 * missing rule settled it, what would have to change, and what became of the call. Exit code 1 when
 * there is no such decision, 2 when the command was used wrongly.
 */

import { isDecisionId } from '../../../audit/decision-id.ts'
import type { DecisionRecord } from '../../../audit/record.ts'
import { defineCommand, type Io, UsageError } from '../command.ts'
import { shown } from '../output.ts'
import { decisionText } from './audit/decision-text.ts'
import { explainDecision, explanationLines, isPolicyDenial } from './audit/explain-decision.ts'
import { findDecision } from './audit/find-decision.ts'
import { type PolicyTexts, policiesFromFiles, policiesFromServer } from './audit/policy-texts.ts'
import { recordFlags } from './audit/record-files.ts'
import { serverFlags } from './server-flags.ts'

export const command = defineCommand({
  name: 'why',
  summary: 'Explains one decision',
  misuse: 2,
  flags: {
    ...serverFlags,
    dir: recordFlags.dir,
    policy: {
      kind: 'list',
      help: "Policy file to explain with instead of the server's; may be repeated",
    },
  },
  words: ['DECISION_ID'],
  run: async (given, io, [id = '', ...rest]) => {
    if (!isDecisionId(id) || rest.length > 0)
      throw new UsageError('one decision id is required, such as k5xw6ylsnzsxe3tf-128')
    if (given.dir.length === 0)
      throw new UsageError("a record is required: -dir DIR, the proxy's data_dir")
    const found = await findDecision(id, given.dir)
    const { record } = found
    if (record.kind === 'gap') {
      io.out(given.output === 'json' ? jsonText({ id, lost: true }) : lostText(id))
      return 0
    }
    const texts = await policyTexts(record, given, io)
    const policies = 'policies' in texts ? texts.policies : []
    const canExplain = 'policies' in texts && isPolicyDenial(record)
    const explanation = canExplain ? explainDecision(record, policies) : undefined
    if (given.output === 'json') io.out(jsonText({ ...found, explanation }))
    else {
      const lines = explanation === undefined ? [] : explanationLines(explanation, policies)
      io.out(decisionText(found, record, policies, lines, io))
      if ('absent' in texts)
        io.err(`without policies, as ${texts.absent}; give them with -policy FILE\n`)
    }
    return 0
  },
})

async function policyTexts(
  record: DecisionRecord,
  given: { instance: string; socketPath: string; policy: readonly string[] },
  io: Io,
): Promise<PolicyTexts> {
  const app = record.callee?.spiffeId
  const isNeeded = record.policy !== undefined || isPolicyDenial(record)
  if (app === undefined || !isNeeded) return { policies: [] }
  return given.policy.length > 0
    ? await policiesFromFiles(app, given.policy, io)
    : await policiesFromServer(app, given, io)
}

function lostText(id: string): string {
  return `DENIED  decision ${id} could not be recorded, so its call was denied\n`
}

function jsonText(value: unknown): string {
  return `${shown(JSON.stringify(value))}\n`
}
