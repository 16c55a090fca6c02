/** One decision from the record as `why` shows it. What comes from outside is escaped. */

import type { DecisionRecord, Party } from '../../../../audit/record.ts'
import type { PolicyRevision } from '../../../../policy/compile.ts'
import { ALLOW_REASONS, DENY_REASONS } from '../../../../policy/reasons.ts'
import type { Io } from '../../command.ts'
import { shown } from '../../output.ts'
import { type ExplanationLine, isPolicyDenial, ruleText } from './explain-decision.ts'
import type { FoundDecision } from './find-decision.ts'
import { paint } from './paint.ts'
import { callText, outcomeText } from './record-text.ts'

const words = { allow: 'ALLOWED', deny: 'DENIED', 'would-deny': 'WOULD BE DENIED' } as const
const tones = { allow: 'good', deny: 'bad', 'would-deny': 'warning' } as const

/** The whole answer of `why`, several lines. */
export function decisionText(
  found: FoundDecision,
  record: DecisionRecord,
  policies: readonly PolicyRevision[],
  explanation: readonly ExplanationLine[],
  io: Io,
): string {
  const { verdict, decisionId, time, direction, route, detail, unverifiedTraceId } = record
  const lines: readonly ExplanationLine[] = [
    ['decision', `${decisionId}  ${time}  ${direction}, route ${shown(route)}`],
    ['caller', partyText(record.caller)],
    ...(record.localPeer === undefined
      ? []
      : [
          ['', `process ${record.localPeer.pids.join(', ')} over ${record.localPeer.via}`] as const,
        ]),
    ['callee', partyText(record.callee)],
    ...(record.upstream === undefined ? [] : [['', upstreamText(record.upstream)] as const]),
    ['why', reasonText(record.reason)],
    ...(detail === undefined ? [] : [['', shown(detail)] as const]),
    ...settledBy(record, policies),
    ...explanation,
    ...(unverifiedTraceId === undefined
      ? []
      : [['trace', `${unverifiedTraceId} (as the caller claims)`] as const]),
    ...outcomeLines(found, record),
    ['record', found.holds ? `holds in ${shown(found.file)}` : 'WAS CHANGED: do not rely on it'],
    ['next', nextStep(found, record)],
  ]
  const rows = lines.map(([label, text]) => `  ${paint(io, 'faint', label.padEnd(10))} ${text}\n`)
  return `${paint(io, tones[verdict], words[verdict])}  ${callText(record)}\n${rows.join('')}`
}

function partyText(party: Party | undefined): string {
  if (party === undefined) return 'nobody with an identity'
  const { spiffeId, svid } = party
  return svid === undefined
    ? spiffeId
    : `${spiffeId}  (SVID serial ${svid.serial}, issued by ${svid.issuerKeyId})`
}

function upstreamText(upstream: NonNullable<DecisionRecord['upstream']>): string {
  switch (upstream.attest) {
    case 'svid':
      return 'proved by its X509-SVID'
    case 'listener':
      return `attested: process ${upstream.pids.join(', ')} listens`
    case 'tls':
      return `proved by the server certificate of ${shown(upstream.serverName)}`
    case 'none':
      return `not attested: ${shown(upstream.reason)}`
  }
}

const sentences: Readonly<Record<string, string>> = { ...DENY_REASONS, ...ALLOW_REASONS }

function reasonText(reason: string): string {
  const sentence = sentences[reason]
  return sentence === undefined ? reason : `${sentence} (${reason})`
}

function settledBy(
  { policy }: DecisionRecord,
  policies: readonly PolicyRevision[],
): ExplanationLine[] {
  if (policy === undefined) return []
  const { name, revision, sha256, rule, line } = policy
  const text = ruleText({ name, revision, digest: sha256, rule, line }, policies)
  return [['rule', `${text}  (revision ${revision}, sha256:${sha256.slice(0, 12)})`]]
}

function outcomeLines({ outcome }: FoundDecision, { verdict }: DecisionRecord): ExplanationLine[] {
  if (verdict === 'deny') return []
  return [['outcome', outcome === undefined ? 'unknown: none is recorded' : outcomeText(outcome)]]
}

function nextStep({ file, holds }: FoundDecision, record: DecisionRecord): string {
  const { verdict, reason, callee } = record
  if (verdict === 'allow' || !holds)
    return `countersign audit verify -file ${shown(file)} -bundle FILE`
  if (isPolicyDenial(record))
    return `countersign policy get ${callee?.spiffeId} -source > FILE; change it; countersign policy apply FILE`
  return nextSteps[reason] ?? 'countersign status'
}

/** Where to look for what is behind a refusal that policy had no part in. */
const nextSteps: Readonly<Record<string, string>> = {
  'caller-not-identified': 'countersign server entry show: do the selectors fit the process?',
  'identity-ended': 'countersign server entry show: do the selectors fit the process?',
  'upstream-not-attested':
    'countersign server entry show: does the listening process fit the entry?',
}
