/**
 * From a process's selectors to its identities: one live set for all processes with the same
 * selectors. An entry matches when the process has every one of the entry's selectors.
 */

import { isExpired, type RegistrationEntry } from '../../registration/entry.ts'
import { hasAll } from '../../registration/match.ts'
import { selectorText } from '../../registration/selector.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Deadlines } from '../../runtime/deadlines.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import type { NodeState, StateChange } from '../sync/node-state.ts'
import type { X509Svids } from '../sync/x509-svids.ts'
import { EncodedBundles } from './encoded-bundles.ts'
import { IdentitySet } from './identity-set.ts'

export interface IdentitySetsDeps {
  readonly state: NodeState
  readonly svids: X509Svids
  readonly trustDomain: TrustDomain
  readonly clock: Clock
  readonly deadlines: Deadlines
}

/** Sets that nobody follows are kept for the next call, so many at most. */
const limits = { idleSets: 1000 } as const

interface Indexed {
  readonly entry: RegistrationEntry
  readonly selectors: readonly string[]
}

export class IdentitySets {
  readonly #deps: IdentitySetsDeps
  readonly #sets = new Map<string, IdentitySet>()
  readonly #indexed = new Map<string, Indexed>()
  /** Entry ids by one selector of the entry: a process without it cannot match. */
  readonly #bySelector = new Map<string, Set<string>>()
  #bundles: EncodedBundles

  constructor(deps: IdentitySetsDeps) {
    this.#deps = deps
    this.#bundles = new EncodedBundles(deps.trustDomain, deps.state.bundles)
    deps.state.onChange((change) => {
      this.#follow(change)
    })
    deps.svids.onChange((ids) => {
      this.#refreshThose((set) => set.matchesOneOf(ids))
    })
  }

  get bundles(): EncodedBundles {
    return this.#bundles
  }

  /** The live set for a process with these selectors, each as `type:value`. */
  of(selectors: ReadonlySet<string>): IdentitySet {
    const key = JSON.stringify([...selectors].sort())
    const found = this.#sets.get(key)
    if (found !== undefined) {
      // Most recently used last, so that the first idle one is the one to drop.
      this.#sets.delete(key)
      this.#sets.set(key, found)
      return found
    }
    this.#dropIdle()
    const set = new IdentitySet(
      selectors,
      this.#deps.svids,
      this.#matching(selectors),
      this.#bundles,
    )
    this.#sets.set(key, set)
    return set
  }

  close(): void {
    for (const set of this.#sets.values()) set.close()
    this.#sets.clear()
  }

  #follow({ entries, bundles }: StateChange): void {
    const { state, trustDomain } = this.#deps
    if (bundles.size > 0) this.#bundles = new EncodedBundles(trustDomain, state.bundles)
    const touched: Indexed[] = []
    for (const id of entries) touched.push(...this.#reindex(id))
    this.#refreshThose(
      (set) =>
        bundles.size > 0 || touched.some(({ selectors }) => hasAll(set.selectors, selectors)),
    )
  }

  /** Takes over the entry as it is now; returns how it was and how it is. */
  #reindex(id: string): Indexed[] {
    const before = this.#indexed.get(id)
    const entry = this.#deps.state.entries.get(id)
    if (before !== undefined) this.#remove(before)
    if (entry === undefined || entry.storeSvid) return before === undefined ? [] : [before]
    const after: Indexed = { entry, selectors: entry.selectors.map(selectorText) }
    this.#add(after)
    return before === undefined ? [after] : [before, after]
  }

  #add(indexed: Indexed): void {
    const { entry, selectors } = indexed
    const [first = ''] = selectors
    this.#indexed.set(entry.id, indexed)
    const ids = this.#bySelector.get(first)
    if (ids === undefined) this.#bySelector.set(first, new Set([entry.id]))
    else ids.add(entry.id)
    const { expiresAt } = entry
    if (expiresAt === undefined) return
    this.#deps.deadlines.at(expiresAt, () => {
      this.#refreshThose((set) => hasAll(set.selectors, selectors))
    })
  }

  #remove({ entry, selectors }: Indexed): void {
    const [first = ''] = selectors
    this.#indexed.delete(entry.id)
    const ids = this.#bySelector.get(first)
    ids?.delete(entry.id)
    if (ids?.size === 0) this.#bySelector.delete(first)
  }

  #matching(selectors: ReadonlySet<string>): RegistrationEntry[] {
    const now = this.#deps.clock.now()
    return [...selectors]
      .flatMap((selector) => [...(this.#bySelector.get(selector) ?? [])])
      .flatMap((id) => this.#indexed.get(id) ?? [])
      .filter((found) => hasAll(selectors, found.selectors) && !isExpired(found.entry, now))
      .map(({ entry }) => entry)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  #refreshThose(isAffected: (set: IdentitySet) => boolean): void {
    for (const set of this.#sets.values())
      if (isAffected(set)) set.refresh(this.#matching(set.selectors), this.#bundles)
  }

  #dropIdle(): void {
    for (const [key, set] of this.#sets) {
      if (this.#sets.size < limits.idleSets) return
      if (set.followers > 0) continue
      set.close()
      this.#sets.delete(key)
    }
  }
}
