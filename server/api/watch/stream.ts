/**
 * One agent's watch stream: sends what the agent is to hold, then each change of it.
 *
 *   opening (first message) -> sending <-> waiting for a change -> ended
 *
 * However many changes come while a message is on its way, the next message holds what is different
 * by then. The stream ends with the agent's ban or deletion (`PermissionDenied` with the reason);
 * quietly when its serial number is replaced, its SVID expires or is trusted no longer, a newer stream
 * takes over, or it is old; with `ResourceExhausted` when the agent reads too slowly.
 */

import type { WatchRequest__Output } from '../../../proto/gen/countersign/server/watch/v1/WatchRequest.ts'
import type { WatchResponse } from '../../../proto/gen/countersign/server/watch/v1/WatchResponse.ts'
import type { Authorized, AuthorizedEntries } from '../../../registration/authorized-entries.ts'
import type { RegistrationEntry } from '../../../registration/entry.ts'
import type { Clock } from '../../../runtime/clock.ts'
import type { Deadline, Deadlines } from '../../../runtime/deadlines.ts'
import { Failure } from '../../../runtime/failure.ts'
import type { CallContext, Send } from '../../../runtime/grpc/handlers.ts'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'
import type { AttestedNode } from '../../datastore/collections/agents.ts'
import type { AgentCaller } from '../caller.ts'
import { denied } from '../denied.ts'
import {
  type AgentState,
  changeBetween,
  emptyState,
  isEmpty,
  type StateSources,
  stateOf,
} from './agent-state.ts'
import type { HeldStates } from './held-states.ts'
import type { LiveStream, LiveStreams } from './live-streams.ts'
import { pagesOf } from './pages.ts'
import type { PolicySources } from './policy-sources.ts'

export interface StreamDeps extends StateSources {
  readonly agents: { get(id: SpiffeId): AttestedNode | undefined }
  readonly authorized: AuthorizedEntries
  readonly sources: PolicySources
  readonly streams: LiveStreams
  readonly held: HeldStates
  readonly clock: Clock
  readonly deadlines: Deadlines
  /** Revision of the store that the server's memory has come to. */
  readonly revision: () => number
  /** From 0 to 1. */
  readonly random: () => number
  readonly timing: StreamTiming
}

export interface StreamTiming {
  /** Most time for the agent's first message. */
  readonly openingMs: number
  /** Most time for a message to leave: an agent that reads more slowly is cut off. */
  readonly sendMs: number
  /** Streams end at an age between three quarters of this and this. */
  readonly ageMs: number
}

export const usualTiming: StreamTiming = { openingMs: 30_000, sendMs: 20_000, ageMs: 3_600_000 }

type Ending = 'superseded' | 'too old' | 'closed by the agent'

export class WatchStream implements LiveStream {
  readonly agentId: SpiffeId
  acknowledgedBundle = 0n
  readonly #deps: StreamDeps
  readonly #context: CallContext<AgentCaller>
  readonly #send: Send<WatchResponse>
  #state: AgentState = emptyState
  #revision = 0
  #isDirty = false
  #ending: Ending | undefined
  #wakeUp: (() => void) | undefined

  constructor(deps: StreamDeps, context: CallContext<AgentCaller>, send: Send<WatchResponse>) {
    this.#deps = deps
    this.#context = context
    this.#send = send
    this.agentId = context.caller.node.id
  }

  isAliased(entry: RegistrationEntry): boolean {
    return this.#deps.authorized.isAlias(entry, this.#node())
  }

  wake(): void {
    this.#isDirty = true
    this.#wakeUp?.()
  }

  supersede(): void {
    this.#end('superseded')
  }

  /** Serves the stream until it ends. Throws the Failure that it ends with, if with one. */
  async serve(messages: AsyncIterable<WatchRequest__Output>): Promise<void> {
    const { deadlines, clock, random, streams, held, timing } = this.#deps
    const iterator = messages[Symbol.asyncIterator]()
    const opening = await this.#opening(iterator)
    const age = timing.ageMs * (0.75 + 0.25 * random())
    const timers = [
      deadlines.at(new Date(clock.now().getTime() + age), () => {
        this.#end('too old')
      }),
      deadlines.at(this.#context.caller.svidNotAfter, () => {
        this.wake()
      }),
    ]
    streams.add(this)
    this.#context.signal.addEventListener('abort', () => {
      this.#wakeUp?.()
    })
    void this.#readAcknowledgements(iterator)
    try {
      await this.#run(Number(opening.revision))
    } finally {
      for (const timer of timers) timer.cancel()
      streams.remove(this)
      held.keep(this.agentId, { revision: this.#revision, state: this.#state })
    }
  }

  async #opening(iterator: AsyncIterator<WatchRequest__Output>): Promise<WatchRequest__Output> {
    const first = await within(
      iterator.next(),
      this.#deps.timing.openingMs,
      'no first message came',
    )
    if (first.done === true) throw new Failure('invalid-argument', 'expected a first message')
    this.#acknowledge(first.value)
    return first.value
  }

  async #readAcknowledgements(iterator: AsyncIterator<WatchRequest__Output>): Promise<void> {
    try {
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        this.#acknowledge(next.value)
    } catch {
      // The stream broke off; that is the same to us as its end.
      return
    } finally {
      this.#end('closed by the agent')
    }
  }

  #acknowledge({ bundleSequenceNumber }: WatchRequest__Output): void {
    this.acknowledgedBundle = BigInt(bundleSequenceNumber)
  }

  async #run(heldRevision: number): Promise<void> {
    const held = heldRevision === 0 ? undefined : this.#deps.held.take(this.agentId, heldRevision)
    this.#state = held ?? emptyState
    this.#revision = heldRevision
    let isFirst = true
    let expiry: Deadline | undefined
    try {
      while (this.#goesOn()) {
        this.#isDirty = false
        const authorized = this.#look()
        expiry?.cancel()
        if (authorized.until !== undefined)
          expiry = this.#deps.deadlines.at(authorized.until, () => {
            this.wake()
          })
        await this.#bringTo(stateOf(this.#deps, authorized), isFirst, held === undefined)
        isFirst = false
        await this.#waitForChange()
      }
    } finally {
      expiry?.cancel()
    }
  }

  /** Whether the agent may hear more; throws when that is for a reason that it must know. */
  #goesOn(): boolean {
    if (this.#ending !== undefined || this.#context.signal.aborted) return false
    const standing = this.#context.caller.standing()
    switch (standing) {
      case 'good':
        return true
      case 'AGENT_BANNED':
      case 'AGENT_NOT_ATTESTED':
        throw denied('the agent is banned or evicted', standing)
      default:
        return false
    }
  }

  #look(): Authorized {
    const { authorized, clock, streams } = this.#deps
    const found = authorized.authorizedFor(this.#node(), clock.now())
    streams.follow(this, found.parents)
    return found
  }

  #node(): AttestedNode {
    return this.#deps.agents.get(this.agentId) ?? this.#context.caller.node
  }

  async #bringTo(wanted: AgentState, isFirst: boolean, isWhole: boolean): Promise<void> {
    const change = changeBetween(this.#state, wanted)
    if (!isFirst && isEmpty(change)) return
    const policies = await Promise.all(change.policies.map((app) => this.#deps.sources.toWire(app)))
    const revision = Math.max(this.#deps.revision(), this.#revision + (isEmpty(change) ? 0 : 1))
    const pages = pagesOf(change, policies, { revision, reset: isFirst && isWhole })
    for (const page of pages)
      await within(this.#send(page), this.#deps.timing.sendMs, 'the agent reads too slowly')
    this.#state = wanted
    this.#revision = revision
  }

  async #waitForChange(): Promise<void> {
    const { signal } = this.#context
    if (this.#isDirty || this.#ending !== undefined || signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve
    })
    this.#wakeUp = undefined
  }

  #end(ending: Ending): void {
    this.#ending ??= ending
    this.#wakeUp?.()
  }
}

async function within<T>(promise: Promise<T>, ms: number, problem: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Failure('resource-exhausted', problem))
    }, ms)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
