/** Chains of records made in memory, for tests of what reads them. */

import { randomBytes } from 'node:crypto'
import { chainRecord, genesisHead } from '../../audit/chain.ts'
import { checkpointBytes, checkpointSigner, keyIdOf } from '../../audit/checkpoint.ts'
import { type ChainId, chainIdBytes, makeChainId, makeDecisionId } from '../../audit/decision-id.ts'
import {
  type ChainEnd,
  type DecisionFields,
  type RecordFields,
  schemaVersion,
} from '../../audit/record.ts'
import { parseSpiffeId, type SpiffeId } from '../../spiffe/spiffe-id.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import type { TestSvid } from './test-ca.ts'

export const testWriter: SpiffeId = parseSpiffeId('spiffe://example.org/proxy')
const caller = parseSpiffeId('spiffe://example.org/ns/default/analyst')
const callee = parseSpiffeId('spiffe://example.org/ns/default/inventory')

/** What a decision of a test says unless the test says otherwise. */
export const testDecision = {
  direction: 'inbound',
  caller: { spiffeId: caller, svid: { serial: '0a1b2c', issuerKeyId: '99ff' } },
  callee: { spiffeId: callee },
  upstream: { attest: 'listener', pids: [4711] },
  route: 'inventory',
  protocol: 'mcp',
  http: { method: 'POST', path: '/mcp' },
  mcp: { method: 'tools/call', tool: 'get_inventory' },
  policy: {
    kind: 'AccessPolicy',
    name: 'inventory',
    revision: '3',
    sha256: 'ab'.repeat(32),
    rule: 0,
    line: 7,
  },
  verdict: 'allow',
  reason: 'rule-allows',
} as const satisfies Omit<DecisionFields, 'kind' | 'decisionId'>

/** Each record takes the next number, and the time of the test's choosing. */
export class AuditChain {
  readonly chain: ChainId = makeChainId(randomBytes(chainIdBytes))
  readonly lines: string[] = []
  now = new Date()
  head = genesisHead
  nextSeq = 0
  #svid: TestSvid | undefined

  constructor(previous?: ChainEnd) {
    this.append({
      kind: 'chain-start',
      chain: this.chain,
      writer: testWriter,
      ...(previous === undefined ? {} : { previous }),
    })
  }

  append(fields: RecordFields, seq = this.nextSeq): this {
    const time = this.now.toISOString()
    const link = chainRecord({ ...fields, schema: schemaVersion, seq, time }, this.head)
    this.lines.push(link.line)
    this.head = link.hash
    this.nextSeq = seq + 1
    return this
  }

  svid(svid: TestSvid): this {
    this.#svid = svid
    const certificates = svid.chain.map((der) => Buffer.from(der).toString('base64'))
    return this.append({ kind: 'svid', certificates, keyId: this.#keyId(svid) })
  }

  decision(fields: Partial<DecisionFields> = {}): this {
    const decisionId = makeDecisionId(this.chain, this.nextSeq)
    return this.append({ ...testDecision, ...fields, kind: 'decision', decisionId })
  }

  /** An outcome of the record with this number; of the last one unless told. */
  outcome(seq = this.nextSeq - 1): this {
    return this.append({
      kind: 'outcome',
      decisionId: makeDecisionId(this.chain, seq),
      ended: 'complete',
      status: 200,
      requestBytes: 120,
      answerBytes: 450,
      durationMs: 1.25,
    })
  }

  /** Signed with the last SVID, or the one given. */
  checkpoint(svid = this.#svid): this {
    if (svid === undefined) throw new TypeError('the chain has no SVID yet')
    const { chain, head, nextSeq } = this
    const headSeq = nextSeq - 1
    const time = this.now.toISOString()
    const bytes = checkpointBytes({ writer: testWriter, chain, seq: headSeq, head, time })
    const signature = Buffer.from(checkpointSigner(svid.key)(bytes)).toString('base64url')
    return this.append({ kind: 'checkpoint', head, headSeq, keyId: this.#keyId(svid), signature })
  }

  /** The file as it would be read. */
  get bytes(): Buffer {
    return Buffer.from(this.lines.join(''), 'utf8')
  }

  #keyId({ chain: [leaf = new Uint8Array()] }: TestSvid): string {
    return keyIdOf(parseCertificate(leaf).spki)
  }
}
