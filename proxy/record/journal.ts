/**
 * The proxy's record: decisions and outcomes of its calls, and signed checkpoints over them.
 * DESIGN.md section 6; docs/record.md describes the file.
 *
 * `written` of a decision resolves when its record is in the file (on the disk, when durability is
 * `synced`), and rejects when it cannot be: the caller then denies. A decision's id is good either
 * way, and never given twice.
 */

import { boundText, textLimits } from '../../audit/bounded-text.ts'
import { commit, StreamCommitment, saltBytes } from '../../audit/commitment.ts'
import {
  type ChainId,
  type DecisionId,
  makeDecisionId,
  readDecisionId,
} from '../../audit/decision-id.ts'
import type { OutcomeFields } from '../../audit/record.ts'
import { Failure } from '../../runtime/failure.ts'
import { ensurePrivateDirectory } from '../../runtime/files.ts'
import { loop } from '../../runtime/loop.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import { boundDecision, type Decision } from './bound-decision.ts'
import { ChainWriter, type Durability } from './chain-writer.ts'
import { Checkpointer, type CheckpointerDeps } from './checkpointer.ts'
import { JournalLock } from './journal-lock.ts'
import { type OpenedChain, openChain } from './open-chain.ts'
import { RefusalCounter } from './refusal-counter.ts'
import { type SigningSvid, signingSvid, type WriterSvid } from './writer-svid.ts'

export interface JournalOptions {
  /** Made with mode 0700 when missing; one writer at a time. */
  readonly directory: string
  /** The SPIFFE ID of the proxy's own SVID. */
  readonly writer: SpiffeId
  readonly durability: Durability
  /** Milliseconds between checkpoints while records come; 1000 unless told. */
  readonly checkpointMs?: number
  /** How many such turns without a record go by before one comes all the same; 60 unless told. */
  readonly idleTurns?: number
}

export interface JournalDeps extends CheckpointerDeps {
  readonly randomBytes: (count: number) => Uint8Array
  /** The kernel's boot id: `bootId` of boot-id.ts. */
  readonly boot: string
}

export interface AppendedDecision {
  readonly decisionId: DecisionId
  /** Rejects with a Failure when the decision could not be recorded; nobody need look at it. */
  readonly written: Promise<void>
}

/** What a call was decided on, as it goes upstream: credentials left out. */
export interface DecidedOn {
  /** Request line and header fields. */
  readonly head?: Uint8Array
  /** Where it was read whole before deciding. */
  readonly body?: Uint8Array
}

export type Outcome = Omit<OutcomeFields, 'kind' | 'decisionId'>

/**
 * Opens the record of a directory and begins to write checkpoints. Throws a Failure when the
 * directory is open to others or another process writes there.
 */
export async function openJournal(
  options: JournalOptions,
  svid: WriterSvid,
  deps: JournalDeps,
): Promise<Journal> {
  await ensurePrivateDirectory(options.directory)
  const lock = JournalLock.take(options.directory)
  try {
    const { directory, writer } = options
    const opened = openChain({ ...deps, directory, writer }, lock)
    return new Journal(opened, lock, options, signingSvid(svid), deps)
  } catch (error) {
    lock.release()
    throw error
  }
}

class Journal {
  readonly #opened: OpenedChain
  readonly #lock: JournalLock
  readonly #deps: JournalDeps
  readonly #writer: ChainWriter
  readonly #checkpointer: Checkpointer
  readonly #refusals = new RefusalCounter()
  readonly #open = new Set<number>()
  readonly #ending = new AbortController()
  readonly #turns: Promise<void>
  #closed: Promise<void> | undefined

  constructor(
    opened: OpenedChain,
    lock: JournalLock,
    options: JournalOptions,
    svid: SigningSvid,
    deps: JournalDeps,
  ) {
    this.#opened = opened
    this.#lock = lock
    this.#deps = deps
    this.#writer = new ChainWriter(opened, options.durability, {
      clock: deps.clock,
      afterGap: () => this.#checkpointer.svidRecord,
      onBehind: (isBehind) => this.#vouch(!isBehind),
      onProblem: deps.onProblem,
    })
    const identity = { writer: options.writer, chain: opened.chain }
    this.#checkpointer = new Checkpointer(this.#writer, identity, svid, deps)
    const { checkpointMs = 1000, idleTurns = 60 } = options
    this.#turns = loop(() => this.#turn(checkpointMs, idleTurns), this.#ending.signal)
  }

  get chain(): ChainId {
    return this.#opened.chain
  }

  /**
   * Records a decision, and a commitment to the bytes that were decided on. A denial is complete
   * with it; everything else is owed an outcome.
   */
  appendDecision(decision: Decision, decidedOn: DecidedOn = {}): AppendedDecision {
    const fields = { ...boundDecision(decision), ...this.#commitments(decidedOn) }
    const idOf = (seq: number): DecisionId => makeDecisionId(this.chain, seq)
    const { seq, written } = this.#writer.append((place) => ({
      ...fields,
      kind: 'decision',
      decisionId: idOf(place.seq),
    }))
    if (decision.verdict !== 'deny') {
      this.#open.add(seq)
      written.catch(() => this.#open.delete(seq))
    }
    return { decisionId: idOf(seq), written }
  }

  /** For bytes that are streamed: the outcome takes what its `finish` gives. */
  commitToStream(what: 'request' | 'answer'): StreamCommitment {
    return new StreamCommitment(what, this.#deps.randomBytes(saltBytes))
  }

  /** Records how an allowed call ended, once. Throws TypeError for any other decision. */
  appendOutcome(decisionId: DecisionId, outcome: Outcome): void {
    const { chain, seq } = readDecisionId(decisionId) ?? {}
    if (chain !== this.chain || seq === undefined || !this.#open.delete(seq))
      throw new TypeError(`no call is open under decision ${decisionId}`)
    const { detail, status, ...counts } = outcome
    const fields = {
      ...counts,
      kind: 'outcome',
      decisionId,
      durationMs: Math.max(0, Math.round(outcome.durationMs * 1000) / 1000),
      ...(status === undefined || status < 100 || status > 999 ? {} : { status }),
      ...(detail === undefined ? {} : { detail: boundText(detail, textLimits.detail) }),
    } as const
    this.#writer.append(() => fields)
  }

  /** Counts a refusal before authentication; one summary a second records them. */
  countRefusal(address: string, reason: string): void {
    this.#refusals.count(address, reason, this.#deps.clock.now())
  }

  /** Signs with this SVID from now on. Throws SpiffeError when its leaf cannot be read. */
  useSvid(svid: WriterSvid): void {
    this.#checkpointer.useSvid(signingSvid(svid))
  }

  /** Writes a last checkpoint and lets the next writer in. Idempotent. */
  async close(): Promise<void> {
    this.#closed ??= this.#end()
    await this.#closed
  }

  #commitments({ head, body }: DecidedOn): Pick<Decision, 'commitments'> {
    if (head === undefined && body === undefined) return {}
    const { randomBytes } = this.#deps
    const ofHead = head && { head: commit('head', randomBytes(saltBytes), head) }
    const ofBody = body && { body: commit('body', randomBytes(saltBytes), body) }
    return { commitments: { ...ofHead, ...ofBody } }
  }

  async #end(): Promise<void> {
    this.#ending.abort()
    try {
      await this.#turns
      await this.#turn(0, 0)
      await this.#writer.sync()
    } finally {
      this.#writer.refuse(new Failure('unavailable', 'the record is closed'))
      this.#opened.file.close()
      this.#lock.release()
    }
  }

  /** Tells the next writer whether every number that was given out is in the file. */
  #vouch(isWhole: boolean): void {
    const inHand = { chain: this.chain, boot: this.#deps.boot }
    try {
      if (isWhole) this.#lock.note(inHand)
      else this.#lock.disown(inHand)
    } catch (error) {
      this.#deps.onProblem(error)
      return
    }
  }

  /** Returns how long to wait for the next turn. */
  async #turn(everyMs: number, idleTurns: number): Promise<number> {
    const began = performance.now()
    if (!this.#opened.file.isLinked)
      this.#writer.refuse(new Failure('corrupt', 'the record file was removed'))
    const summary = this.#refusals.take()
    if (summary !== undefined) this.#writer.append(() => summary)
    await this.#checkpointer.turn(idleTurns)
    return Math.max(0, everyMs - (performance.now() - began))
  }
}

export type { Journal }
