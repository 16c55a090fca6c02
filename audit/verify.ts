/**
 * Verifies one chain file from its first byte to its last and names the first bad record.
 * DESIGN.md section 6, the first of its three proofs: intact.
 *
 * It shows that no record up to the last checkpoint was changed, added, removed or moved by anybody
 * without the writer's key. Whether the file was cut off after a checkpoint, only a head that was
 * kept elsewhere can show: `knownHeads`, by chain.
 */

import type { SpiffeId } from '../spiffe/spiffe-id.ts'
import type { LineFault } from './chain.ts'
import { ChainCursor } from './cursor.ts'
import type { ChainId } from './decision-id.ts'
import { fileLines } from './lines.ts'
import { OpenDecisions } from './open-decisions.ts'
import type { AuditRecord, ChainEnd, Sha256Hex, Verdict } from './record.ts'
import { Signatures } from './signatures.ts'
import type { TrustHistory } from './trust-history.ts'

/** The first thing that is wrong. */
export interface ChainFault {
  /** From 1; that after the last when records are missing at the end. */
  readonly line: number
  /** The number of the record that should stand there. */
  readonly seq: number
  /** One sentence that begins with `record N`. */
  readonly message: string
}

/** A head that was kept elsewhere: it shows that the chain up to it is still there. */
export interface KnownHead {
  readonly seq: number
  readonly head: Sha256Hex
}

/** What a chain file turned out to be; up to the fault, if there is one. */
export interface ChainReport {
  readonly verdict: 'intact' | 'faulty'
  readonly fault?: ChainFault
  readonly chain?: ChainId
  readonly writer?: SpiffeId
  readonly previous?: ChainEnd
  readonly records: number
  /** Sequence number that would come next, and the hash it would go on from. */
  readonly nextSeq: number
  readonly head: Sha256Hex
  readonly decisions: { readonly [V in Verdict]: number }
  /** Let-through calls without an outcome. */
  readonly unknownOutcomes: number
  /** Numbers given out and never written: calls that were denied for it. */
  readonly lost: number
  readonly signedThrough?: { readonly seq: number; readonly time: string }
  /** Records after the last signed one. */
  readonly unsigned: number
  /** Bytes of a last record that was never finished: cut off by a crash, or being written now. */
  readonly unfinishedBytes: number
}

export async function verifyChain(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  trust: TrustHistory,
  knownHeads: ReadonlyMap<string, KnownHead> = new Map(),
): Promise<ChainReport> {
  const verification = new Verification(trust, knownHeads)
  for await (const line of fileLines(chunks)) {
    if ('unfinishedBytes' in line) return verification.report(line.unfinishedBytes)
    const fault = 'fault' in line ? line.fault : verification.take(line.text)
    if (fault !== undefined) return verification.report(0, fault)
  }
  return verification.report(0)
}

class Verification {
  readonly #cursor = new ChainCursor()
  readonly #signatures: Signatures
  readonly #calls = new OpenDecisions()
  readonly #knownHeads: ReadonlyMap<string, KnownHead>
  readonly #decisions = { allow: 0, deny: 0, 'would-deny': 0 }
  #records = 0
  #lost = 0
  /** After the last record that was found good. */
  #good = { nextSeq: this.#cursor.nextSeq, head: this.#cursor.head }

  constructor(trust: TrustHistory, knownHeads: ReadonlyMap<string, KnownHead>) {
    this.#signatures = new Signatures(trust)
    this.#knownHeads = knownHeads
  }

  /** Takes the next line; what is wrong with it, in words that follow `record N`. */
  take(line: string): string | undefined {
    const record = this.#cursor.take(line)
    if ('fault' in record) return record.fault
    const { nextSeq, head, origin } = this.#cursor
    if (origin === undefined) return 'is not the start of a chain'
    const fault = this.#signatures.take(record, head, origin) ?? this.#count(record)
    if (fault !== undefined) return fault.fault
    const known = this.#knownHeads.get(origin.chain)
    if (known?.seq === record.seq && known.head !== head)
      return 'is not the one that stood there when its head was kept'
    this.#records++
    this.#good = { nextSeq, head }
    return undefined
  }

  report(unfinishedBytes: number, faultInLine?: string): ChainReport {
    const { nextSeq } = this.#good
    const { signedThrough, unsigned } = this.#signatures
    const what = faultInLine ?? this.#missing()
    const message = `record ${nextSeq} ${what}`
    return {
      verdict: what === undefined ? 'intact' : 'faulty',
      ...(what === undefined ? {} : { fault: { line: this.#records + 1, seq: nextSeq, message } }),
      ...this.#cursor.origin,
      records: this.#records,
      ...this.#good,
      decisions: { ...this.#decisions },
      unknownOutcomes: this.#calls.unknown,
      lost: this.#lost,
      ...(signedThrough === undefined ? {} : { signedThrough }),
      unsigned,
      unfinishedBytes,
    }
  }

  #count(record: AuditRecord): LineFault | undefined {
    switch (record.kind) {
      case 'decision':
        this.#decisions[record.verdict]++
        return this.#calls.decided(record)
      case 'outcome':
        return this.#calls.ended(record)
      case 'resume':
        this.#calls.abandon()
        return undefined
      case 'gap':
        this.#lost += record.lost
        return undefined
      case 'chain-start':
      case 'svid':
      case 'summary':
      case 'checkpoint':
        return undefined
    }
  }

  /** What is wrong with the end of the file. */
  #missing(): string | undefined {
    const { nextSeq } = this.#good
    if (nextSeq === 0) return 'is missing: there is no complete record'
    const known = this.#knownHeads.get(this.#cursor.origin?.chain ?? '')
    if (known === undefined || known.seq < nextSeq) return undefined
    return `is missing: the chain went on to record ${known.seq} when its head was kept`
  }
}
