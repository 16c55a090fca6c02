/** What policy says of a recorded denial: the nearest rule and the smallest change. */

import type { DecisionRecord } from '../../../../audit/record.ts'
import type { Call } from '../../../../policy/call.ts'
import {
  compilePolicies,
  type MatchedRule,
  type PolicyRevision,
} from '../../../../policy/compile.ts'
import { type Explanation, explain } from '../../../../policy/explain.ts'
import { DENY_REASONS } from '../../../../policy/reasons.ts'
import type { PolicyChange } from '../../../../policy/smallest-change.ts'
import { shown } from '../../output.ts'

/** Label and text of each line that a person gets. */
export type ExplanationLine = readonly [label: string, text: string]

export interface PolicyExplanation extends Explanation {
  /** Whether these policies would deny the call today; else they were changed since. */
  readonly isStillDenied: boolean
}

/** Whether policy denied the call, so that policies can explain it. */
export function isPolicyDenial({
  verdict,
  reason,
  direction,
  caller,
  callee,
}: DecisionRecord): boolean {
  const isOfPolicy = Object.hasOwn(DENY_REASONS, reason)
  return verdict !== 'allow' && direction === 'inbound' && isOfPolicy && !!caller && !!callee
}

/** Undefined when the record does not say enough. */
export function explainDecision(
  record: DecisionRecord,
  policies: readonly PolicyRevision[],
): PolicyExplanation | undefined {
  const call = callOf(record)
  if (record.caller === undefined || call === undefined) return undefined
  const explanation = explain(compilePolicies(policies), record.caller.spiffeId, call)
  return { ...explanation, isStillDenied: explanation.decision.verdict === 'deny' }
}

/** The lines for a person, with the text of each rule that is named. */
export function explanationLines(
  { nearest, deniedBy, changes, isStillDenied }: PolicyExplanation,
  policies: readonly PolicyRevision[],
): ExplanationLine[] {
  if (!isStillDenied) return [['today', 'the policies that were given allow this call']]
  return [
    ...deniedBy.map((rule): ExplanationLine => ['denied by', ruleText(rule, policies)]),
    ...(nearest === undefined
      ? []
      : [
          ['nearest', ruleText(nearest.rule, policies)] as const,
          ['', `does not match: ${nearest.misses.join(', ')}`] as const,
        ]),
    ...changes.map((change): ExplanationLine => ['to allow', changeText(change)]),
  ]
}

/** A rule's place and the line it begins on. */
export function ruleText(rule: MatchedRule, policies: readonly PolicyRevision[]): string {
  const text = policies.find(({ digest }) => digest === rule.digest)?.policy.source
  const line = text?.split('\n')[rule.line - 1]?.trim()
  return `policy ${rule.name}, line ${rule.line}${line === undefined ? '' : `: ${shown(line)}`}`
}

function callOf({ mcp, http, protocol }: DecisionRecord): Call | undefined {
  if (mcp !== undefined)
    return { kind: 'mcp', ...mcp, isNotification: mcp.method.startsWith('notifications/') }
  if (protocol === 'http' && http !== undefined) return { kind: 'http', ...http }
  return protocol === 'tcp' ? { kind: 'tcp' } : undefined
}

function changeText(change: PolicyChange): string {
  switch (change.kind) {
    case 'narrow-deny':
      return `remove or narrow the deny rule at line ${change.rule.line} of policy ${change.rule.name}`
    case 'extend-rule': {
      const { rule, list, value } = change
      return `add ${shown(JSON.stringify(value))} to ${list} of the rule at line ${rule.line} of policy ${rule.name}`
    }
    case 'add-rule':
      return `add this rule to a policy of the app: ${shown(change.rule)}`
  }
}
