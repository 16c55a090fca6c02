/**
 * The watch streams that are open: who is to be told of a change, who has acknowledged what.
 *
 * A change marks the streams that it concerns, and they are woken some at a time, so that a change
 * for ten thousand agents leaves the event loop free in between.
 */

import type { EntryChange } from '../../../registration/authorized-entries.ts'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'

/** One stream, as far as changes go. */
export interface LiveStream {
  readonly agentId: SpiffeId
  /** Sequence number of the own bundle that the agent has acknowledged. */
  readonly acknowledgedBundle: bigint
  /** Whether an entry's change makes a difference to the agent. */
  concerns(change: EntryChange): boolean
  /** Whether the agent hosts this app. */
  hosts(app: SpiffeId): boolean
  /** Looks at everything again, soon. */
  wake(): void
  /** Ends the stream in favour of a newer one. */
  supersede(): void
}

const limits = { perAgent: 2, wokenPerTurn: 100 } as const

export class LiveStreams {
  readonly #byAgent = new Map<SpiffeId, LiveStream[]>()
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
    const rest = (this.#byAgent.get(stream.agentId) ?? []).filter((other) => other !== stream)
    if (rest.length === 0) this.#byAgent.delete(stream.agentId)
    else this.#byAgent.set(stream.agentId, rest)
  }

  *[Symbol.iterator](): Generator<LiveStream> {
    for (const streams of this.#byAgent.values()) yield* streams
  }

  /** The streams of one agent. */
  of(agentId: SpiffeId): readonly LiveStream[] {
    return this.#byAgent.get(agentId) ?? []
  }

  /** Marks the streams for which `concerned` holds; they are woken in turn. */
  mark(concerned: (stream: LiveStream) => boolean): void {
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
