/**
 * Signs the chain: what is on the disk, with the writer's SVID of the moment.
 *
 * A checkpoint is signed after a sync and covers what was written before it, so nothing that is
 * signed, and reported elsewhere, can be lost by a crash of the machine. While there is no valid
 * SVID, records stay unsigned; the first checkpoint after that covers them.
 */

import { checkpointBytes, maxCheckpointLag, type SignedHead } from '../../audit/checkpoint.ts'
import type { Sha256Hex, SvidFields } from '../../audit/record.ts'
import type { Clock } from '../../runtime/clock.ts'
import { Failure } from '../../runtime/failure.ts'
import type { ChainHead, ChainWriter } from './chain-writer.ts'
import type { SigningSvid } from './writer-svid.ts'

/** A checkpoint as it travels. */
export interface SignedCheckpoint extends SignedHead {
  readonly keyId: Sha256Hex
  readonly signature: Uint8Array
}

export interface CheckpointerDeps {
  readonly clock: Clock
  /** Given each checkpoint once it is in the file; what it covers is on the disk. Must not throw. */
  readonly onCheckpoint: (checkpoint: SignedCheckpoint) => void
  /** Told of records that could not be written or signed, for log and counter. Must not throw. */
  readonly onProblem: (failure: unknown) => void
}

export class Checkpointer {
  readonly #chain: ChainWriter
  readonly #identity: Pick<SignedHead, 'writer' | 'chain'>
  readonly #deps: CheckpointerDeps
  #svid: SigningSvid
  #hasToldExpiry = false
  /** Number after that of the last checkpoint. */
  #signedThrough = 0
  #idleTurns = 0

  constructor(
    chain: ChainWriter,
    identity: Pick<SignedHead, 'writer' | 'chain'>,
    svid: SigningSvid,
    deps: CheckpointerDeps,
  ) {
    this.#chain = chain
    this.#identity = identity
    this.#deps = deps
    this.#svid = svid
    this.#chain.append(() => svid.fields)
  }

  get svidRecord(): SvidFields {
    return this.#svid.fields
  }

  /** The SVID enters the chain before anything is signed with it. */
  useSvid(svid: SigningSvid): void {
    this.#svid = svid
    this.#hasToldExpiry = false
    this.#chain.append(() => svid.fields)
  }

  /** Signs when there is something new, and on every `idleTurns`-th turn when there is not. */
  async turn(idleTurns: number): Promise<void> {
    this.#chain.flush()
    const covered = this.#chain.written
    this.#idleTurns++
    if (covered.nextSeq === this.#signedThrough && this.#idleTurns < idleTurns) return
    this.#idleTurns = 0
    try {
      await this.#chain.sync()
      if (this.#canSign(covered)) await this.#sign(covered)
    } catch (error) {
      // What is not signed now, the next checkpoint covers.
      this.#deps.onProblem(error)
      return
    }
  }

  async #sign({ head, nextSeq }: ChainHead): Promise<void> {
    const { keyId, sign } = this.#svid
    const headSeq = nextSeq - 1
    let checkpoint: SignedCheckpoint | undefined
    const appended = this.#chain.append(({ time }) => {
      const signed = { ...this.#identity, seq: headSeq, head, time }
      const signature = sign(checkpointBytes(signed))
      checkpoint = { ...signed, keyId, signature }
      const text = Buffer.from(signature).toString('base64url')
      return { kind: 'checkpoint', head, headSeq, keyId, signature: text }
    })
    this.#chain.flush()
    await appended.written
    this.#signedThrough = appended.seq + 1
    if (checkpoint !== undefined) this.#deps.onCheckpoint(checkpoint)
  }

  #canSign(covered: ChainHead): boolean {
    if (this.#chain.written.nextSeq - covered.nextSeq >= maxCheckpointLag) return false
    const now = this.#deps.clock.now()
    const isValid = now >= this.#svid.notBefore && now <= this.#svid.notAfter
    if (!isValid && !this.#hasToldExpiry)
      this.#deps.onProblem(new Failure('unavailable', 'no valid SVID to sign the record with'))
    this.#hasToldExpiry = !isValid
    return isValid
  }
}
