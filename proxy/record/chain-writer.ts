/**
 * Appends records to one chain file: numbered and chained at once, written once per turn of the
 * event loop.
 *
 * A batch that cannot be written is refused as a whole, and the file is as before. Its numbers are
 * spent; the next batch begins with a `gap` record that says how many, and with the writer's SVID
 * again, which may have been among the lost. After a failed sync nobody knows what is on the disk:
 * the writer refuses everything from then on.
 */

import { chainRecord } from '../../audit/chain.ts'
import {
  type Position,
  type RecordFields,
  type Sha256Hex,
  schemaVersion,
} from '../../audit/record.ts'
import type { Clock } from '../../runtime/clock.ts'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import { GroupSync } from './group-sync.ts'
import type { OpenedChain } from './open-chain.ts'
import type { RecordFile } from './record-file.ts'

/** What it takes for a record to count: in the file, which outlives the process, or on the disk. */
export type Durability = 'written' | 'synced'

export interface ChainWriterDeps {
  readonly clock: Clock
  /** The record that a chain must have after a gap: the writer's SVID. */
  readonly afterGap: () => RecordFields
  /** Told when given-out numbers begin or cease to be unaccounted for. */
  readonly onBehind: (isBehind: boolean) => void
  /** Told once for each batch that was refused. */
  readonly onProblem: (failure: unknown) => void
}

/** Makes a record for its place. What it throws, `append` throws, and no number is spent. */
export type MakeFields = (place: Pick<Position, 'seq' | 'time'>) => RecordFields

export interface Appended {
  readonly seq: number
  /** Rejects with a Failure when the record could not be written. */
  readonly written: Promise<void>
}

export class ChainWriter {
  readonly #file: RecordFile
  readonly #durability: Durability
  readonly #deps: ChainWriterDeps
  readonly #syncs: GroupSync
  #nextSeq: number
  #head: Sha256Hex
  #written: ChainHead
  /** Numbers were given out in vain and no appended record says so yet. */
  #isGapOpen = false
  #isBehind = false
  #batch: Batch | undefined
  #refusal: Failure | undefined

  constructor(opened: OpenedChain, durability: Durability, deps: ChainWriterDeps) {
    this.#file = opened.file
    this.#durability = durability
    this.#deps = deps
    this.#syncs = new GroupSync(() => this.#file.sync())
    this.#nextSeq = opened.nextSeq
    this.#head = opened.head
    this.#written = { nextSeq: opened.nextSeq, head: opened.head }
  }

  /** How far the file goes. */
  get written(): ChainHead {
    return this.#written
  }

  /** Appends the record made for its place. Throws TypeError for one that has no canonical form. */
  append(make: MakeFields): Appended {
    if (this.#isGapOpen) this.#nameGap()
    return this.#push(make)
  }

  /** Writes what was appended. */
  flush(): void {
    const batch = this.#batch
    if (batch === undefined) return
    this.#batch = undefined
    if (this.#refusal !== undefined) {
      this.#takeBack()
      batch.reject(this.#refusal)
      return
    }
    try {
      this.#file.append(batch.text)
    } catch (error) {
      this.#takeBack()
      batch.reject(unwritten(error))
      return
    }
    this.#written = { nextSeq: this.#nextSeq, head: this.#head }
    this.#setBehind(false)
    if (this.#durability === 'written') batch.resolve()
    else this.sync().then(batch.resolve, batch.reject)
  }

  /** Resolves when everything that is in the file now is on the disk. */
  async sync(): Promise<void> {
    try {
      await this.#syncs.request()
    } catch (error) {
      const failure = unwritten(error)
      this.refuse(failure)
      throw failure
    }
  }

  /** Refuses everything from here on, for this reason. */
  refuse(failure: Failure): void {
    this.#refusal ??= failure
  }

  #push(make: MakeFields): Appended {
    const seq = this.#nextSeq
    const time = this.#deps.clock.now().toISOString()
    const link = chainRecord(
      { ...make({ seq, time }), schema: schemaVersion, seq, time },
      this.#head,
    )
    this.#nextSeq = seq + 1
    this.#head = link.hash
    this.#batch ??= this.#startBatch()
    this.#batch.text += link.line
    return { seq, written: this.#batch.written }
  }

  #nameGap(): void {
    this.#isGapOpen = false
    const lost = this.#nextSeq - this.#written.nextSeq
    this.#push(() => ({ kind: 'gap', lost }))
    this.#push(this.#deps.afterGap)
  }

  #takeBack(): void {
    this.#head = this.#written.head
    this.#isGapOpen = true
    this.#setBehind(true)
  }

  #setBehind(isBehind: boolean): void {
    if (this.#isBehind === isBehind) return
    this.#isBehind = isBehind
    this.#deps.onBehind(isBehind)
  }

  #startBatch(): Batch {
    const batch = new Batch()
    batch.written.catch(this.#deps.onProblem)
    setImmediate(() => this.flush())
    return batch
  }
}

export interface ChainHead {
  readonly nextSeq: number
  readonly head: Sha256Hex
}

/** What is appended in one turn of the event loop, and who waits for it. */
class Batch {
  text = ''
  readonly written: Promise<void>
  #resolve: (() => void) | undefined
  #reject: ((reason: unknown) => void) | undefined

  constructor() {
    this.written = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  readonly resolve = (): void => this.#resolve?.()
  readonly reject = (reason: unknown): void => this.#reject?.(reason)
}

function unwritten(error: unknown): Failure {
  return new Failure('unavailable', `the record cannot be written: ${reasonOf(error)}`, {
    cause: error,
  })
}
