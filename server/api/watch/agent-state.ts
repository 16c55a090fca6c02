/** What one agent is to hold, and what is to be sent when that changes. */

import type { Authorized } from '../../../registration/authorized-entries.ts'
import type { RegistrationEntry } from '../../../registration/entry.ts'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../../../spiffe/trust-domain.ts'
import type { StoredBundle } from '../../datastore/collections/bundles.ts'
import type { AppPolicies } from '../../datastore/collections/policies.ts'

/** Everything as it is in the server's memory: what is the same object has not changed. */
export interface AgentState {
  /** By id. */
  readonly entries: ReadonlyMap<string, RegistrationEntry>
  readonly bundles: ReadonlyMap<TrustDomain, StoredBundle>
  readonly policies: ReadonlyMap<SpiffeId, AppPolicies>
}

/** Where a state is taken from. */
export interface StateSources {
  readonly trustDomain: TrustDomain
  readonly bundles: { get(trustDomain: TrustDomain): StoredBundle | undefined }
  readonly policies: { get(app: SpiffeId): AppPolicies | undefined }
}

export interface StateChange {
  readonly entries: readonly RegistrationEntry[]
  readonly deletedEntryIds: readonly string[]
  readonly bundles: readonly StoredBundle[]
  readonly deletedBundles: readonly TrustDomain[]
  readonly policies: readonly AppPolicies[]
}

export const emptyState: AgentState = {
  entries: new Map(),
  bundles: new Map(),
  policies: new Map(),
}

/** The own bundle, those that an entry federates with, and the policies of the apps among them. */
export function stateOf(sources: StateSources, { entries }: Authorized): AgentState {
  const bundles = new Map<TrustDomain, StoredBundle>()
  const policies = new Map<SpiffeId, AppPolicies>()
  const trustDomains = new Set<TrustDomain>([sources.trustDomain])
  for (const { spiffeId, federatesWith } of entries.values()) {
    for (const name of federatesWith) trustDomains.add(name)
    const found = sources.policies.get(spiffeId)
    if (found !== undefined) policies.set(spiffeId, found)
  }
  for (const name of trustDomains) {
    const found = sources.bundles.get(name)
    if (found !== undefined) bundles.set(name, found)
  }
  return { entries, bundles, policies }
}

/** What leads from one state to the other. Policies are never taken back: an agent forgets them with the entry. */
export function changeBetween(held: AgentState, wanted: AgentState): StateChange {
  return {
    entries: changed(held.entries, wanted.entries),
    deletedEntryIds: gone(held.entries, wanted.entries),
    bundles: changed(held.bundles, wanted.bundles),
    deletedBundles: gone(held.bundles, wanted.bundles),
    policies: changed(held.policies, wanted.policies),
  }
}

export function isEmpty(change: StateChange): boolean {
  return Object.values(change).every((list: readonly unknown[]) => list.length === 0)
}

function changed<K, V>(held: ReadonlyMap<K, V>, wanted: ReadonlyMap<K, V>): V[] {
  return [...wanted].flatMap(([key, value]) => (held.get(key) === value ? [] : [value]))
}

function gone<K, V>(held: ReadonlyMap<K, V>, wanted: ReadonlyMap<K, V>): K[] {
  return [...held.keys()].filter((key) => !wanted.has(key))
}
