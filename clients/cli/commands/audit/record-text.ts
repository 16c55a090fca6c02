/** A record as one line for a person. Everything in it that comes from outside is escaped. */

import type { AuditRecord, DecisionFields, OutcomeFields, Party } from '../../../../audit/record.ts'
import { pathOf } from '../../../../spiffe/spiffe-id.ts'
import type { Io } from '../../command.ts'
import { counted, shown } from '../../output.ts'
import { paint, type Tone } from './paint.ts'

/** One line without its end: time, what, and the decision id where there is one. */
export function recordText(record: AuditRecord, io: Pick<Io, 'pretty'>): string {
  const time = io.pretty ? record.time.slice(11, 23) : record.time
  return `${paint(io, 'faint', time)}  ${whatText(record, io)}`
}

function whatText(record: AuditRecord, io: Pick<Io, 'pretty'>): string {
  const note = (word: string, text: string): string =>
    `${paint(io, 'faint', word.padEnd(10))}  ${text}`
  switch (record.kind) {
    case 'decision':
      return decisionText(record, io)
    case 'outcome':
      return note('outcome', outcomeText(record))
    case 'summary': {
      const { refusals, others } = record
      const total = refusals.reduce((sum, { count }) => sum + count, others)
      const first = refusals.slice(0, 3).map((each) => shown(`${each.address} (${each.reason})`))
      const from = [...first, ...(refusals.length > 3 ? ['others'] : [])].join(', ')
      return note('refused', `${counted(total, 'connection', 'connections')} from ${from}`)
    }
    case 'chain-start':
      return note('start', `chain ${record.chain} of ${record.writer}`)
    case 'resume':
      return note('resume', `the writer started again${cutText(record.cutBytes)}`)
    case 'gap':
      return note('gap', `${counted(record.lost, 'record', 'records')} could not be written`)
    case 'svid':
      return note('svid', `the writer signs with key ${record.keyId.slice(0, 16)}`)
    case 'checkpoint':
      return note('checkpoint', `signed through record ${record.headSeq}`)
  }
}

const tones = { allow: 'good', deny: 'bad', 'would-deny': 'warning' } as const satisfies Record<
  DecisionFields['verdict'],
  Tone
>

function decisionText(record: DecisionFields, io: Pick<Io, 'pretty'>): string {
  const { verdict, caller, callee, decisionId, reason } = record
  const word = paint(io, tones[verdict], verdict.toUpperCase().padEnd(10))
  const parties = `${partyText(caller)} -> ${partyText(callee)}`
  const why = verdict === 'allow' ? '' : `  (${reason})`
  return `${word}  ${parties}  ${callText(record)}${why}  ${paint(io, 'faint', decisionId)}`
}

/** What was called: the MCP method and tool, or the HTTP request. */
export function callText({ mcp, http, protocol }: DecisionFields): string {
  if (mcp?.tool !== undefined) return shown(`${mcp.method} ${mcp.tool}`)
  if (mcp !== undefined) return shown(mcp.method)
  return http === undefined ? protocol : shown(`${http.method} ${http.path}`)
}

/** How a call that was let through ended. */
export function outcomeText(outcome: OutcomeFields): string {
  const { ended, status, requestBytes, answerBytes, durationMs, decisionId } = outcome
  const answer = status === undefined ? ended : `${status} ${ended}`
  return `${answer}  ${durationMs} ms  ${requestBytes} B in  ${answerBytes} B out  ${decisionId}`
}

/** The short name of a party: an App ID's last two words, another SPIFFE ID's path. */
function partyText(party: Party | undefined): string {
  if (party === undefined) return 'nobody'
  const path = pathOf(party.spiffeId)
  return /^\/ns\/(.+)$/.exec(path)?.[1] ?? (path === '' ? party.spiffeId : path)
}

function cutText(cutBytes: number): string {
  return cutBytes === 0 ? '' : `; ${cutBytes} bytes of an unfinished record were cut off`
}
