/**
 * The X509-SVIDs of this node's entries, signed before anybody asks.
 *
 *   wanted -> signed -> (half its life, changed entry) wanted, the old one served meanwhile
 *          -> failed -> (back-off) wanted
 *
 * Keys are made here and leave this process only to the workload. An SVID past its end is not
 * served, whether or not the server could be reached for the next one.
 */

import type { RegistrationEntry } from '../../registration/entry.ts'
import { isExpired } from '../../registration/entry.ts'
import { Backoff, pause } from '../../runtime/backoff.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Deadline, Deadlines } from '../../runtime/deadlines.ts'
import type { Logger } from '../../runtime/log.ts'
import type { NodeState } from './node-state.ts'
import type { SignX509Svids, X509Svid } from './sign-x509-svids.ts'

export interface X509SvidsDeps {
  readonly state: NodeState
  readonly sign: SignX509Svids
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly log: Logger
  /** Between 0 and 1. */
  readonly random: () => number
}

const limits = { batch: 100 } as const
const waits = { firstMs: 250, mostMs: 30_000 } as const

/** An SVID is replaced at half its life, up to this part of that half sooner or later. */
const jitter = 0.1

/** However short SVIDs are, so that a server whose clock is slow is not overrun. */
const leastLifeMs = 500

interface Slot {
  /** As it was when `svid` was signed. */
  signedFor: RegistrationEntry | undefined
  svid: X509Svid | undefined
  /** Whether the present form of the entry has been tried. */
  isSettled: boolean
  readonly backoff: Backoff
  deadlines: Deadline[]
}

export class X509Svids {
  readonly #deps: X509SvidsDeps
  readonly #slots = new Map<string, Slot>()
  /** Entries to sign for, in the order in which they came. */
  readonly #wanted = new Set<string>()
  readonly #listeners: ((entryIds: ReadonlySet<string>) => void)[] = []
  #wake: () => void = () => undefined

  constructor(deps: X509SvidsDeps) {
    this.#deps = deps
    deps.state.onChange(({ entries }) => {
      this.#follow(entries)
    })
  }

  /** The SVID of an entry as it is now, or undefined: none yet, over, or for another SPIFFE ID. */
  current(entry: RegistrationEntry): X509Svid | undefined {
    const slot = this.#slots.get(entry.id)
    if (slot?.svid === undefined || slot.signedFor?.spiffeId !== entry.spiffeId) return undefined
    return slot.svid.notAfter > this.#deps.clock.now() ? slot.svid : undefined
  }

  /** Whether the first attempt to sign for the entry as it is now is still to come or under way. */
  isPending(entryId: string): boolean {
    return this.#slots.get(entryId)?.isSettled === false
  }

  /** Listeners hear of entries whose SVID has come, gone, or could not be signed. */
  onChange(listener: (entryIds: ReadonlySet<string>) => void): void {
    this.#listeners.push(listener)
  }

  /** How many SVIDs are held. */
  get count(): number {
    return [...this.#slots.values()].filter(({ svid }) => svid !== undefined).length
  }

  /** Whether any SVID can still be served. */
  isAnyCurrent(): boolean {
    const now = this.#deps.clock.now()
    return [...this.#slots.values()].some(({ svid }) => svid !== undefined && svid.notAfter > now)
  }

  /** Signs what is wanted until the signal is aborted. @throws what `sign` says is final. */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(waits)
    signal.addEventListener('abort', () => this.#wake(), { once: true })
    while (!signal.aborted) {
      const batch = this.#nextBatch()
      if (batch.length === 0) await this.#untilWanted()
      else if (await this.#signBatch(batch, signal)) backoff.reset()
      else await pause(backoff.nextMs(), signal)
    }
  }

  #follow(changed: ReadonlySet<string>): void {
    const { state, clock } = this.#deps
    for (const id of changed) {
      const entry = state.entries.get(id)
      const slot = this.#slots.get(id)
      if (entry === undefined || entry.storeSvid || isExpired(entry, clock.now())) this.#forget(id)
      else if (slot?.signedFor === undefined || !isSameForm(slot.signedFor, entry)) this.#want(id)
    }
  }

  #want(id: string): void {
    const slot = this.#slots.get(id)
    if (slot !== undefined) slot.isSettled = false
    else
      this.#slots.set(id, {
        signedFor: undefined,
        svid: undefined,
        isSettled: false,
        backoff: new Backoff(waits),
        deadlines: [],
      })
    this.#enqueue(id)
  }

  #enqueue(id: string): void {
    this.#wanted.add(id)
    this.#wake()
  }

  #forget(id: string): void {
    this.#wanted.delete(id)
    for (const deadline of this.#slots.get(id)?.deadlines ?? []) deadline.cancel()
    this.#slots.delete(id)
  }

  /** Those without an SVID first: somebody may be waiting. */
  #nextBatch(): RegistrationEntry[] {
    const entries = [...this.#wanted].flatMap((id) => this.#deps.state.entries.get(id) ?? [])
    const [urgent, others] = [true, false].map((isUrgent) =>
      entries.filter((entry) => (this.current(entry) === undefined) === isUrgent),
    )
    return [...(urgent ?? []), ...(others ?? [])].slice(0, limits.batch)
  }

  /** False when nothing could be signed; all of it stays wanted then. */
  async #signBatch(batch: readonly RegistrationEntry[], signal: AbortSignal): Promise<boolean> {
    const { sign, log, clock } = this.#deps
    const begun = clock.now()
    const results = await sign(batch, signal)
    if (results === undefined) return false
    for (const [at, result] of results.entries()) {
      const entry = batch[at]
      if (entry === undefined || !this.#isStill(entry)) continue
      this.#wanted.delete(entry.id)
      if ('svid' in result) this.#keep(entry, result.svid, begun)
      else {
        log.warn(
          { entryId: entry.id, spiffeId: entry.spiffeId, reason: result.problem },
          'Could not have an X509-SVID signed',
        )
        this.#retryLater(entry)
      }
    }
    this.#tell(new Set(batch.map(({ id }) => id)))
    return true
  }

  /** False when the entry was changed or removed while it was signed for; then it is wanted anew. */
  #isStill(entry: RegistrationEntry): boolean {
    const now = this.#deps.state.entries.get(entry.id)
    return now !== undefined && isSameForm(now, entry) && this.#slots.has(entry.id)
  }

  #keep(entry: RegistrationEntry, svid: X509Svid, begun: Date): void {
    const slot = this.#slots.get(entry.id)
    if (slot === undefined) return
    const { log, deadlines, random } = this.#deps
    for (const deadline of slot.deadlines) deadline.cancel()
    const lifeMs = svid.notAfter.getTime() - begun.getTime()
    const waitMs = (lifeMs / 2) * (1 - jitter + 2 * jitter * random())
    const renewAt = begun.getTime() + Math.max(waitMs, leastLifeMs)
    slot.svid = svid
    slot.signedFor = entry
    slot.isSettled = true
    slot.backoff.reset()
    slot.deadlines = [
      deadlines.at(new Date(renewAt), () => {
        this.#enqueue(entry.id)
      }),
      deadlines.at(svid.notAfter, () => {
        this.#tell(new Set([entry.id]))
      }),
    ]
    log.debug(
      { entryId: entry.id, spiffeId: entry.spiffeId, expiresAt: svid.notAfter.toISOString() },
      'SVID updated',
    )
  }

  #retryLater({ id }: RegistrationEntry): void {
    const slot = this.#slots.get(id)
    if (slot === undefined) return
    slot.isSettled = true
    const at = new Date(this.#deps.clock.now().getTime() + slot.backoff.nextMs())
    slot.deadlines.push(
      this.#deps.deadlines.at(at, () => {
        if (this.#slots.get(id) === slot) this.#enqueue(id)
      }),
    )
  }

  #tell(entryIds: ReadonlySet<string>): void {
    for (const listener of this.#listeners) listener(entryIds)
  }

  async #untilWanted(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }
}

/** Whether an SVID signed for the one is good for the other. */
function isSameForm(a: RegistrationEntry, b: RegistrationEntry): boolean {
  return a.revisionNumber === b.revisionNumber && a.createdAt.getTime() === b.createdAt.getTime()
}
