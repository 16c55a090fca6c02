/** What is of no use any more is removed from time to time: expired join tokens and entries. */

import { isExpired, type RegistrationEntry } from '../registration/entry.ts'
import { serverId } from '../registration/id-namespaces.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/log.ts'
import { loop } from '../runtime/loop.ts'
import type { TrustDomain } from '../spiffe/trust-domain.ts'
import type { Actor } from './datastore/collections/change-record.ts'
import { deleteEntry, entries } from './datastore/collections/entries.ts'
import { pruneJoinTokens } from './datastore/collections/join-tokens.ts'
import type { Mirror } from './datastore/collections/mirror.ts'
import { transact } from './datastore/collections/transaction.ts'
import type { Datastore } from './datastore/datastore.ts'

export interface PruningDeps {
  readonly trustDomain: TrustDomain
  readonly store: Datastore
  readonly clock: Clock
  readonly entries: Mirror<RegistrationEntry>
  readonly log: Logger
}

const everyMs = 30_000
const roundsBetween = 10

/** Entries of one commit. */
const entriesPerCommit = 500

/** Prunes every five minutes until the signal. */
export async function pruneRegularly(deps: PruningDeps, signal: AbortSignal): Promise<void> {
  let round = 0
  await loop(async () => {
    if (round++ % roundsBetween === 0) await prune(deps)
    return everyMs
  }, signal)
}

async function prune(deps: PruningDeps): Promise<void> {
  try {
    const actor = actorOf(deps, 'prune join tokens')
    const { result: tokens } = await transact(deps, actor, pruneJoinTokens)
    const entries = await pruneEntries(deps)
    if (tokens + entries > 0) deps.log.info({ tokens, entries }, 'Expired records were removed')
  } catch (error) {
    deps.log.error({ err: error }, 'Expired records could not be removed')
    return
  }
}

/** Each is looked at again in the commit: an expiry that was moved meanwhile counts. */
async function pruneEntries(deps: PruningDeps): Promise<number> {
  const now = deps.clock.now()
  const ids = [...deps.entries.values()]
    .filter((entry) => isExpired(entry, now))
    .map(({ id }) => id)
  let removed = 0
  for (let at = 0; at < ids.length; at += entriesPerCommit) {
    const chunk = ids.slice(at, at + entriesPerCommit)
    const { result } = await transact(deps, actorOf(deps, 'prune entries'), async (transaction) => {
      let count = 0
      for (const id of chunk) {
        const entry = await entries.get(transaction, id)
        if (entry === undefined || !isExpired(entry, transaction.now)) continue
        await deleteEntry(transaction, id)
        count++
      }
      return count
    })
    removed += result
  }
  return removed
}

function actorOf({ trustDomain }: PruningDeps, action: string): Actor {
  return { subject: serverId(trustDomain), door: 'server', action }
}
