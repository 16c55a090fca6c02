/**
 * What agents held when their streams ended, for those that come back soon: they get only what has
 * changed since.
 */

import { LRUCache } from 'lru-cache'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'
import type { AgentState } from './agent-state.ts'

interface Held {
  readonly revision: number
  readonly state: AgentState
}

const limits = { agents: 20_000, ageMs: 15 * 60_000 } as const

export class HeldStates {
  readonly #byAgent = new LRUCache<SpiffeId, Held>({ max: limits.agents, ttl: limits.ageMs })

  keep(agentId: SpiffeId, held: Held): void {
    this.#byAgent.set(agentId, held)
  }

  /** The state at exactly this revision, if that is the last that was sent to the agent. */
  take(agentId: SpiffeId, revision: number): AgentState | undefined {
    const held = this.#byAgent.get(agentId)
    this.#byAgent.delete(agentId)
    return held?.revision === revision ? held.state : undefined
  }
}
