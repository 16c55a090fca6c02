/**
 * Which SPIFFE ID obtained which MCP session (revisions up to 2025-11-25).
 *
 * An app's session id is a secret only as far as the app makes it one, so it is good only for the
 * caller that `initialize` gave it to. Anybody else, and any id that was not seen here, gets 404,
 * upon which a client begins anew.
 */

import { LRUCache } from 'lru-cache'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'

/** Most sessions that are remembered per listener; the one unused longest is forgotten first. */
const maxSessions = 100_000
/** Longest session id. */
const maxSessionIdLength = 512

const sessionIdForm = /^[\x21-\x7e]+$/

export class Sessions {
  readonly #owners = new LRUCache<string, SpiffeId>({ max: maxSessions })

  /** Remembers whose the session is; false when the id is none, or is another caller's already. */
  bind(sessionId: string, owner: SpiffeId): boolean {
    if (sessionId.length > maxSessionIdLength || !sessionIdForm.test(sessionId)) return false
    const bound = this.#owners.get(sessionId)
    if (bound !== undefined) return bound === owner
    this.#owners.set(sessionId, owner)
    return true
  }

  isOwnedBy(sessionId: string, caller: SpiffeId): boolean {
    return this.#owners.get(sessionId) === caller
  }
}
