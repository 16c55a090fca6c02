/** Changes that the caller sees at once: committed, then waited for in the server's own view. */

import type { Clock } from '../../runtime/clock.ts'
import type { Actor } from '../datastore/collections/change-record.ts'
import type { Mirror } from '../datastore/collections/mirror.ts'
import { type Transaction, transact } from '../datastore/collections/transaction.ts'
import type { Datastore } from '../datastore/datastore.ts'

export interface CommitDeps {
  readonly store: Datastore
  readonly clock: Clock
  /** Aborted when the server ends. */
  readonly ending: AbortSignal
}

/** `wrote` tells whether the body changed something that `mirror` shows. */
export async function commitSeen<T, V>(
  deps: CommitDeps,
  mirror: Mirror<V>,
  actor: Actor,
  body: (transaction: Transaction) => Promise<T>,
  wrote: (result: T) => boolean = () => true,
): Promise<T> {
  const { result, revision } = await transact(deps, actor, body)
  if (wrote(result)) await mirror.reached(revision, deps.ending)
  return result
}
