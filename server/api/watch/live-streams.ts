/**
 * The watch streams that are open: who is to be told of a change, who has acknowledged what.
 *
 * A change marks the streams that it concerns, found by index, and they are woken some at a time,
 * so that a change for ten thousand agents leaves the event loop free in between.
 */

import type { RegistrationEntry } from '../../../registration/entry.ts'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'

/** One stream, as far as changes go. */
export interface LiveStream {
  readonly agentId: SpiffeId
  /** Sequence number of the own bundle that the agent has acknowledged. */
  readonly acknowledgedBundle: bigint
  /** Whether the entry is a node alias for the agent. */
  isAliased(entry: RegistrationEntry): boolean
  /** Looks at everything again, soon. */
  wake(): void
  /** Ends the stream in favour of a newer one. */
  supersede(): void
}

const limits = { perAgent: 2, wokenPerTurn: 100 } as const

export class LiveStreams {
  readonly #byAgent = new Map<SpiffeId, LiveStream[]>()
  readonly #byParent = new Map<SpiffeId, Set<LiveStream>>()
  readonly #parents = new Map<LiveStream, ReadonlySet<SpiffeId>>()
  readonly #marked = new Set<LiveStream>()
  #isWaking = false

  /** Of an agent's streams, those over the limit end, the oldest first. */
  add(stream: LiveStream): void {
    const streams = [...(this.#byAgent.get(stream.agentId) ?? []), stream]
    this.#byAgent.set(stream.agentId, streams)
    for (const old of streams.slice(0, -limits.perAgent)) old.supersede()
  }

  remove(stream: LiveStream): void {
    this.#marked.delete(stream)
    this.follow(stream, new Set())
    this.#parents.delete(stream)
    const rest = (this.#byAgent.get(stream.agentId) ?? []).filter((other) => other !== stream)
    if (rest.length === 0) this.#byAgent.delete(stream.agentId)
    else this.#byAgent.set(stream.agentId, rest)
  }

  /** From now on the stream is concerned by what happens right below these IDs, and to them. */
  follow(stream: LiveStream, parents: ReadonlySet<SpiffeId>): void {
    for (const parent of this.#parents.get(stream) ?? []) {
      if (parents.has(parent)) continue
      const followers = this.#byParent.get(parent)
      followers?.delete(stream)
      if (followers?.size === 0) this.#byParent.delete(parent)
    }
    for (const parent of parents) {
      const followers = this.#byParent.get(parent)
      if (followers === undefined) this.#byParent.set(parent, new Set([stream]))
      else followers.add(stream)
    }
    this.#parents.set(stream, parents)
  }

  *[Symbol.iterator](): Generator<LiveStream> {
    for (const streams of this.#byAgent.values()) yield* streams
  }

  /** Marks the streams that follow this ID. */
  markFollowers(id: SpiffeId): void {
    for (const stream of this.#byParent.get(id) ?? []) this.#marked.add(stream)
    this.#wakeSoon()
  }

  /** Marks the streams of this agent. */
  markAgent(id: SpiffeId): void {
    for (const stream of this.#byAgent.get(id) ?? []) this.#marked.add(stream)
    this.#wakeSoon()
  }

  /** Marks the streams for which this holds. */
  markThose(concerned: (stream: LiveStream) => boolean): void {
    for (const stream of this) if (concerned(stream)) this.#marked.add(stream)
    this.#wakeSoon()
  }

  #wakeSoon(): void {
    if (this.#isWaking || this.#marked.size === 0) return
    this.#isWaking = true
    setImmediate(() => {
      this.#isWaking = false
      let left: number = limits.wokenPerTurn
      for (const stream of this.#marked) {
        if (left-- === 0) break
        this.#marked.delete(stream)
        stream.wake()
      }
      this.#wakeSoon()
    })
  }
}
