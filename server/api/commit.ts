/** Changes that the caller sees at once: committed, then waited for in the server's own view. */

import type { Clock } from '../../runtime/clock.ts'
import type { Actor } from '../datastore/collections/change-record.ts'
import { type Transaction, transact } from '../datastore/collections/transaction.ts'
import type { Datastore, Revision } from '../datastore/datastore.ts'

export interface CommitDeps {
  readonly store: Datastore
  readonly clock: Clock
  /** Aborted when the server ends. */
  readonly ending: AbortSignal
}

/** Something in memory that follows the store. */
export interface Follower {
  reached(revision: Revision, signal: AbortSignal): Promise<void>
}

/** `shownBy` names the followers of what the body changed, and only those: others never get there. */
export async function commitSeen<T>(
  deps: CommitDeps,
  actor: Actor,
  body: (transaction: Transaction) => Promise<T>,
  shownBy: (result: T) => readonly Follower[],
): Promise<T> {
  const { result, revision } = await transact(deps, actor, body)
  for (const follower of shownBy(result)) await follower.reached(revision, deps.ending)
  return result
}
