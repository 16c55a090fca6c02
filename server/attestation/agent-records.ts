/**
 * Changes to an attested agent's record: renewal in two phases, ban, deletion.
 *
 * Each runs inside a transaction, so that what it was decided on still holds when it is committed.
 */

import type { AuthorizedEntries } from '../../registration/authorized-entries.ts'
import { selectorText } from '../../registration/selector.ts'
import { Failure } from '../../runtime/failure.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import { type AttestedNode, agents } from '../datastore/collections/agents.ts'
import { deleteEntry } from '../datastore/collections/entries.ts'
import type { Transaction } from '../datastore/collections/transaction.ts'

/** A signed SVID, as far as the record goes. */
export interface AgentSvid {
  /** Lower-case hex. */
  readonly serial: string
  readonly notAfter: Date
}

/** Both the current and this SVID are good until this one is used. Throws a Failure. */
export async function setPending(
  transaction: Transaction,
  id: SpiffeId,
  { serial, notAfter }: AgentSvid,
): Promise<void> {
  const node = await knownAgent(transaction, id)
  if (node.banned) throw new Failure('permission-denied', 'agent is banned')
  await agents.put(transaction, { ...node, pending: { serial, notAfter } })
}

/**
 * The pending SVID was used, so it is the current one from now on. Undefined when neither is it:
 * the agent was banned, deleted or given another meanwhile.
 */
export async function activatePending(
  transaction: Transaction,
  id: SpiffeId,
  serial: string,
): Promise<{ node: AttestedNode; wrote: boolean } | undefined> {
  const node = await agents.get(transaction, id)
  if (node?.serial === serial) return { node, wrote: false }
  if (node?.pending?.serial !== serial) return undefined
  const { notAfter } = node.pending
  const active: AttestedNode = { ...node, serial, notAfter, pending: undefined }
  await agents.put(transaction, active)
  return { node: active, wrote: true }
}

/** From now on no SVID of the agent is good, and it may not attest again. Throws a Failure. */
export async function banAgent(transaction: Transaction, id: SpiffeId): Promise<void> {
  const node = await knownAgent(transaction, id)
  await agents.put(transaction, { ...node, serial: '', pending: undefined, banned: true })
}

/**
 * Forgets the agent, and with it a ban and the alias that came with its join token: the entry below
 * the agent whose one selector is the agent's own ID. Throws a Failure.
 */
export async function deleteAgent(
  transaction: Transaction,
  id: SpiffeId,
  entries: AuthorizedEntries,
): Promise<{ removedAlias: boolean }> {
  await knownAgent(transaction, id)
  await agents.remove(transaction, id)
  const alias = joinTokenAliasSelector(id)
  let removedAlias = false
  for (const { id: entryId, selectors } of entries.withParentId(id)) {
    const [first, ...more] = selectors
    if (first === undefined || more.length > 0) continue
    if (selectorText(first) !== selectorText(alias)) continue
    const removed = await deleteEntry(transaction, entryId)
    removedAlias ||= removed !== undefined
  }
  return { removedAlias }
}

/** The selector of the entry that gives a joining agent a second name. */
export function joinTokenAliasSelector(agentId: SpiffeId): { type: string; value: string } {
  return { type: 'spiffe_id', value: agentId }
}

async function knownAgent(transaction: Transaction, id: SpiffeId): Promise<AttestedNode> {
  const node = await agents.get(transaction, id)
  if (node === undefined) throw new Failure('not-found', 'agent not found')
  return node
}
