/**
 * A position in a chain: takes one line after the other and says whether it goes on from there.
 *
 * It checks what needs no key: the form of each record, its number, its hash, and that a decision
 * bears the id of its own place.
 */

import type { SpiffeId } from '../spiffe/spiffe-id.ts'
import { genesisHead, type LineFault, openLine } from './chain.ts'
import { type ChainId, makeDecisionId } from './decision-id.ts'
import type { AuditRecord, ChainEnd, ChainStartFields, Sha256Hex } from './record.ts'

/** Whose chain it is, from its first record. */
export interface ChainOrigin {
  readonly chain: ChainId
  readonly writer: SpiffeId
  readonly previous?: ChainEnd
}

export class ChainCursor {
  #nextSeq = 0
  #head = genesisHead
  #origin: ChainOrigin | undefined

  /** Sequence number that the next record must have, unless it is a gap. */
  get nextSeq(): number {
    return this.#nextSeq
  }

  /** Hash of the last record that was taken. */
  get head(): Sha256Hex {
    return this.#head
  }

  /** From the first record; undefined before it was taken. */
  get origin(): ChainOrigin | undefined {
    return this.#origin
  }

  /** Takes the next line, without its line end; a faulty one leaves the cursor where it was. */
  take(line: string): AuditRecord | LineFault {
    const opened = openLine(line)
    if ('fault' in opened) return opened
    const { record } = opened
    const fault = opened.follows(this.#head) ? this.#misplaced(record) : this.#broken(record)
    if (fault !== undefined) return { fault }
    if (record.kind === 'chain-start') this.#origin = originOf(record)
    this.#nextSeq = record.seq + 1
    this.#head = opened.hash
    return record
  }

  #broken(record: AuditRecord): string {
    if (record.seq > this.#nextSeq && this.#nextSeq > 0)
      return `is missing: record ${record.seq} stands in its place`
    if (record.seq !== this.#nextSeq) return `is not here: record ${record.seq} stands in its place`
    return 'was changed: its hash does not follow from its content and the record before it'
  }

  #misplaced(record: AuditRecord): string | undefined {
    const isStart = record.kind === 'chain-start'
    if (isStart !== (this.#origin === undefined))
      return isStart ? 'starts the chain again' : 'is not the start of a chain'
    const expected = this.#nextSeq + (record.kind === 'gap' ? record.lost : 0)
    if (record.seq !== expected) return `has the number ${record.seq}, expected ${expected}`
    if (record.kind !== 'decision' || this.#origin === undefined) return undefined
    return record.decisionId === makeDecisionId(this.#origin.chain, record.seq)
      ? undefined
      : `has the decision id ${record.decisionId}, which is not its own`
  }
}

function originOf({ chain, writer, previous }: ChainStartFields): ChainOrigin {
  return previous === undefined ? { chain, writer } : { chain, writer, previous }
}
