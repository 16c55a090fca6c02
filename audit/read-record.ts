/** The strict reader of records: from plain JSON to a record of schema version 1, or what is wrong. */

import { parseSpiffeId, type SpiffeId } from '../spiffe/spiffe-id.ts'
import { textLimits } from './bounded-text.ts'
import { isChainId, isDecisionId } from './decision-id.ts'
import {
  type AuditRecord,
  type ChainEnd,
  endings,
  type Party,
  type PolicyReference,
  protocols,
  type Refusal,
  schemaVersion,
  type UpstreamAttestation,
  verdicts,
} from './record.ts'
import {
  amount,
  anyText,
  type Departure,
  integer,
  list,
  object,
  oneOf,
  type Shape,
  text,
} from './shape.ts'

/** Most certificates of one SVID, most addresses of one summary, most processes at one socket. */
export const listLimits = { certificates: 10, refusals: 256, pids: 64 } as const

/** Most base64 characters of one certificate. */
export const maxCertificateText = 16 * 1024

/** Reads one record. The fault is in words that follow "record N". */
export function readRecord(value: unknown): AuditRecord | { readonly fault: string } {
  const departure: Departure = { path: [], expected: '' }
  const kind = kindOf(value)
  if (kind === undefined) return { fault: 'has no kind of record that is known' }
  if (isRecord(kind, value, departure)) return value
  const at = departure.path.map((name) => boundedName(name)).join('.')
  return {
    fault: `has ${at === '' ? 'another shape' : `a wrong member ${at}`}: expected ${departure.expected}`,
  }
}

type Of<Kind> = Extract<AuditRecord, { readonly kind: Kind }>

const seq = integer(0)
const sha256 = text('64 lower-case hex digits', (value) => /^[0-9a-f]{64}$/.test(value))
const time = text('an RFC 3339 time in UTC with milliseconds', isTime)
const base64 = text(
  'base64',
  (value) => value.length <= maxCertificateText && /^[A-Za-z0-9+/]+={0,2}$/.test(value),
)
const base64url = text('base64url', (value) => /^[A-Za-z0-9_-]{1,1024}$/.test(value))
const hex = text('hex digits', (value) => /^[0-9a-f]{1,128}$/.test(value))
const traceId = text('32 hex digits', (value) => /^[0-9a-f]{32}$/.test(value))
const code = text('a lower-case code', (value) => /^[a-z][a-z0-9-]{0,63}$/.test(value))
const spiffeId = text('a SPIFFE ID', isSpiffeId)
const chain = text('a chain id', isChainId)
const decisionId = text('a decision id', isDecisionId)
const pids = list(integer(1), listLimits.pids)
const base = { schema: oneOf(schemaVersion), seq, time } as const

const chainEnd = object<ChainEnd>({ chain, nextSeq: seq, head: sha256 }, {})
const svidOfParty = object<NonNullable<Party['svid']>>({ serial: hex, issuerKeyId: hex }, {})
const party = object<Party>({ spiffeId }, { svid: svidOfParty })

const upstreams = [
  object<Extract<UpstreamAttestation, { attest: 'svid' }>>({ attest: oneOf('svid') }, {}),
  object<Extract<UpstreamAttestation, { attest: 'listener' }>>(
    { attest: oneOf('listener'), pids },
    {},
  ),
  object<Extract<UpstreamAttestation, { attest: 'tls' }>>(
    { attest: oneOf('tls'), serverName: anyText(textLimits.name) },
    {},
  ),
  object<Extract<UpstreamAttestation, { attest: 'none' }>>(
    { attest: oneOf('none'), reason: anyText(textLimits.detail) },
    {},
  ),
] as const
const upstream: Shape<UpstreamAttestation> = (value, departure): value is UpstreamAttestation =>
  upstreams.some((each) => each(value, departure))

const policy = object<PolicyReference>(
  {
    kind: anyText(textLimits.name),
    name: anyText(textLimits.name),
    revision: anyText(textLimits.name),
    sha256,
    rule: integer(0),
    line: integer(1),
  },
  {},
)
const refusal = object<Refusal>(
  { address: anyText(textLimits.address), reason: code, count: integer(1) },
  {},
)

const shapes: { readonly [K in AuditRecord['kind']]: Shape<Of<K>> } = {
  'chain-start': object<Of<'chain-start'>>(
    { ...base, kind: oneOf('chain-start'), writer: spiffeId, chain },
    { previous: chainEnd },
  ),
  resume: object<Of<'resume'>>({ ...base, kind: oneOf('resume'), cutBytes: integer(0) }, {}),
  gap: object<Of<'gap'>>({ ...base, kind: oneOf('gap'), lost: integer(1) }, {}),
  svid: object<Of<'svid'>>(
    {
      ...base,
      kind: oneOf('svid'),
      keyId: sha256,
      certificates: list(base64, listLimits.certificates),
    },
    {},
  ),
  decision: object<Of<'decision'>>(
    {
      ...base,
      kind: oneOf('decision'),
      decisionId,
      direction: oneOf('inbound', 'outbound'),
      route: anyText(textLimits.route),
      protocol: oneOf(...protocols),
      verdict: oneOf(...verdicts),
      reason: code,
    },
    {
      caller: party,
      callee: party,
      localPeer: object({ via: oneOf('tcp', 'unix'), pids }, {}),
      upstream,
      http: object({ method: anyText(textLimits.method), path: anyText(textLimits.path) }, {}),
      mcp: object<NonNullable<Of<'decision'>['mcp']>>(
        { method: anyText(textLimits.method) },
        { tool: anyText(textLimits.tool) },
      ),
      policy,
      detail: anyText(textLimits.detail),
      commitments: object<NonNullable<Of<'decision'>['commitments']>>(
        {},
        { head: sha256, body: sha256 },
      ),
      unverifiedTraceId: traceId,
    },
  ),
  outcome: object<Of<'outcome'>>(
    {
      ...base,
      kind: oneOf('outcome'),
      decisionId,
      ended: oneOf(...endings),
      requestBytes: integer(0),
      answerBytes: integer(0),
      durationMs: amount,
    },
    {
      status: integer(100, 999),
      commitments: object<NonNullable<Of<'outcome'>['commitments']>>(
        {},
        { request: sha256, answer: sha256 },
      ),
      detail: anyText(textLimits.detail),
    },
  ),
  summary: object<Of<'summary'>>(
    {
      ...base,
      kind: oneOf('summary'),
      since: time,
      refusals: list(refusal, listLimits.refusals),
      others: integer(0),
    },
    {},
  ),
  checkpoint: object<Of<'checkpoint'>>(
    {
      ...base,
      kind: oneOf('checkpoint'),
      headSeq: seq,
      head: sha256,
      keyId: sha256,
      signature: base64url,
    },
    {},
  ),
}

function isRecord(
  kind: AuditRecord['kind'],
  value: unknown,
  departure: Departure,
): value is AuditRecord {
  return shapes[kind](value, departure)
}

function kindOf(value: unknown): AuditRecord['kind'] | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined
  const { kind } = value
  return typeof kind === 'string' && isKind(kind) ? kind : undefined
}

function isKind(kind: string): kind is AuditRecord['kind'] {
  return Object.hasOwn(shapes, kind)
}

function isTime(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return false
  const date = new Date(value)
  return !Number.isNaN(date.getTime()) && date.toISOString() === value
}

function isSpiffeId(value: string): value is SpiffeId {
  try {
    parseSpiffeId(value)
    return true
  } catch {
    return false
  }
}

function boundedName(name: string): string {
  return JSON.stringify(name.slice(0, 40)).slice(1, -1)
}
