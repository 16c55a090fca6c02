/**
 * What a record of the audit chain can say: the types of schema version 1. DESIGN.md section 6,
 * docs/record.md.
 *
 * Each record is one line of a chain file. A writer is a SPIFFE ID with a random chain id; its
 * records are numbered from 0 without a hole, except where a `gap` names one. Members that are not
 * listed here are refused by the reader; a change of meaning is a new schema version.
 */

import type { SpiffeId } from '../spiffe/spiffe-id.ts'
import type { ChainId, DecisionId } from './decision-id.ts'

export const schemaVersion = 1

/** SHA-256 as 64 lower-case hex digits. */
export type Sha256Hex = string

/** What every record carries. */
export interface Position {
  readonly schema: typeof schemaVersion
  readonly seq: number
  /** When the writer made the record by its own clock: RFC 3339, UTC, milliseconds. */
  readonly time: string
}

/** The first record of each chain, and only the first. */
export interface ChainStartFields {
  readonly kind: 'chain-start'
  readonly writer: SpiffeId
  readonly chain: ChainId
  /** The chain that this one goes on from, when the writer could not vouch for the end of it. */
  readonly previous?: ChainEnd
}

/** How much of an older chain its writer still found. */
export interface ChainEnd {
  readonly chain: ChainId
  /** Sequence number that would have come next; 0 when nothing could be read. */
  readonly nextSeq: number
  /** Hash of the last good record, 64 zeros when there was none. */
  readonly head: Sha256Hex
}

/** The writer was restarted and went on with this chain. Calls open before it have no outcome. */
export interface ResumeFields {
  readonly kind: 'resume'
  /** Bytes of an unfinished last record that were cut off; it had not been acknowledged. */
  readonly cutBytes: number
}

/** Sequence numbers that were given out and never written: every one of those calls was denied. */
export interface GapFields {
  readonly kind: 'gap'
  /** How many numbers directly before this record are missing; at least 1. */
  readonly lost: number
}

/** The writer's SVID from here on; each checkpoint is signed with the key of the latest one. */
export interface SvidFields {
  readonly kind: 'svid'
  readonly keyId: Sha256Hex
  /** DER in base64, leaf first. */
  readonly certificates: readonly string[]
}

/** One end of a call. */
export interface Party {
  readonly spiffeId: SpiffeId
  /** Absent while no SVID of this party was seen, such as that of a callee never dialled. */
  readonly svid?: { readonly serial: string; readonly issuerKeyId: string }
}

/** How the writer knows who answers the call. */
export type UpstreamAttestation =
  /** A remote proxy or workload whose X509-SVID is the callee's. */
  | { readonly attest: 'svid' }
  /** The agent attested the processes that hold the listening socket. */
  | { readonly attest: 'listener'; readonly pids: readonly number[] }
  /** A server certificate under a configured CA. */
  | { readonly attest: 'tls'; readonly serverName: string }
  /** Nobody was asked, for the configured reason. */
  | { readonly attest: 'none'; readonly reason: string }

/** The rule that settled a decision. */
export interface PolicyReference {
  readonly kind: string
  readonly name: string
  readonly revision: string
  /** Of the resource's source text. */
  readonly sha256: Sha256Hex
  /** Position in `spec.rules`, from 0. */
  readonly rule: number
  /** Line of the rule in the source text, from 1. */
  readonly line: number
}

export const verdicts = ['allow', 'deny', 'would-deny'] as const
export type Verdict = (typeof verdicts)[number]

export const protocols = ['mcp', 'http', 'grpc', 'tcp'] as const
export type Protocol = (typeof protocols)[number]

/** One call was decided on; written before the first byte goes upstream or the denial goes back. */
export interface DecisionFields {
  readonly kind: 'decision'
  readonly decisionId: DecisionId
  readonly direction: 'inbound' | 'outbound'
  /** Absent only in a denial for want of an identity. */
  readonly caller?: Party
  readonly callee?: Party
  /** Outbound: the processes at the other end of the local connection, attested by the agent. */
  readonly localPeer?: { readonly via: 'tcp' | 'unix'; readonly pids: readonly number[] }
  readonly upstream?: UpstreamAttestation
  /** The configured listener or target that took the call. */
  readonly route: string
  readonly protocol: Protocol
  /** The path without its query, which may hold secrets. */
  readonly http?: { readonly method: string; readonly path: string }
  readonly mcp?: { readonly method: string; readonly tool?: string }
  readonly policy?: PolicyReference
  readonly verdict: Verdict
  /** From the deciding part's closed list, such as `rule-allows` or `tool-not-allowed`. */
  readonly reason: string
  /** For whoever reads the record; never sent to the caller. */
  readonly detail?: string
  /** Salted; see commitment.ts. The body's only where it was read whole before deciding. */
  readonly commitments?: { readonly head?: Sha256Hex; readonly body?: Sha256Hex }
  /** As the caller claims it: 32 hex digits of a W3C trace context that nobody checked. */
  readonly unverifiedTraceId?: string
}

export const endings = [
  'complete',
  'caller-gone',
  'upstream-gone',
  'timed-out',
  'revoked',
  'policy-changed',
  'answer-refused',
  'shutdown',
  'failed',
] as const
export type Ending = (typeof endings)[number]

/** What became of a call that was let through. A denial has none: it is its own outcome. */
export interface OutcomeFields {
  readonly kind: 'outcome'
  readonly decisionId: DecisionId
  readonly ended: Ending
  /** HTTP status, where there was an answer. */
  readonly status?: number
  readonly requestBytes: number
  readonly answerBytes: number
  readonly durationMs: number
  /** Salted; of what was streamed and so not known when the call was decided on. */
  readonly commitments?: { readonly request?: Sha256Hex; readonly answer?: Sha256Hex }
  readonly detail?: string
}

/** Refusals before anybody was authenticated, counted so that a stranger cannot fill the disk. */
export interface SummaryFields {
  readonly kind: 'summary'
  readonly since: string
  readonly refusals: readonly Refusal[]
  /** Refusals from further addresses, beyond the number that is listed. */
  readonly others: number
}

export interface Refusal {
  readonly address: string
  readonly reason: string
  readonly count: number
}

/** The writer's signature over its chain up to and including record `headSeq`. */
export interface CheckpointFields {
  readonly kind: 'checkpoint'
  readonly headSeq: number
  readonly head: Sha256Hex
  readonly keyId: Sha256Hex
  /** Over `checkpointBytes`, in base64url. The signed time is the record's `time`. */
  readonly signature: string
}

export type RecordFields =
  | ChainStartFields
  | ResumeFields
  | GapFields
  | SvidFields
  | DecisionFields
  | OutcomeFields
  | SummaryFields
  | CheckpointFields

export type AuditRecord = Position & RecordFields
export type DecisionRecord = Position & DecisionFields
export type OutcomeRecord = Position & OutcomeFields
export type CheckpointRecord = Position & CheckpointFields
