/**
 * Which entries an agent may have SVIDs for: an index of all entries that follows their changes.
 *
 * An agent is authorized for the descendants of its own ID and of every node alias that its
 * selectors match. An alias is an entry whose parent is the server; descent goes from an entry's
 * SPIFFE ID to the entries that have it as parent, to any depth.
 */

import type { SpiffeId } from '../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../spiffe/trust-domain.ts'
import { isExpired, type RegistrationEntry } from './entry.ts'
import { serverId } from './id-namespaces.ts'
import { hasAll } from './match.ts'
import { compareSelectors, type Selector, selectorText } from './selector.ts'

/** An agent, as far as entries go. */
export interface EntryHolder {
  readonly id: SpiffeId
  /** What node attestation found out. */
  readonly selectors: readonly Selector[]
}

/** One changed entry; without `after` it is gone. */
export interface EntryChange {
  readonly before: RegistrationEntry | undefined
  readonly after: RegistrationEntry | undefined
}

export interface Authorized {
  /** By entry id. */
  readonly entries: ReadonlyMap<string, RegistrationEntry>
  /** Every ID whose children are in `entries`, the agent's own first. */
  readonly parents: ReadonlySet<SpiffeId>
  /** When the first of them expires and all is to be asked again; undefined for never. */
  readonly until: Date | undefined
}

export class AuthorizedEntries {
  readonly #serverId: SpiffeId
  readonly #byParent = new Index<SpiffeId>()
  readonly #bySpiffeId = new Index<SpiffeId>()
  /** Aliases by the least of their selectors: an agent without it cannot match. */
  readonly #aliases = new Index<string>()

  constructor(trustDomain: TrustDomain) {
    this.#serverId = serverId(trustDomain)
  }

  apply({ before, after }: EntryChange): void {
    if (before !== undefined) this.#remove(before)
    if (after !== undefined) this.#add(after)
  }

  /** Expired entries, and what only they lead to, are left out. */
  authorizedFor(holder: EntryHolder, now: Date): Authorized {
    const entries = new Map<string, RegistrationEntry>()
    const parents = new Set<SpiffeId>([holder.id])
    let until: Date | undefined
    const reach = (entry: RegistrationEntry): void => {
      parents.add(entry.spiffeId)
      if (entry.expiresAt !== undefined && (until === undefined || entry.expiresAt < until))
        until = entry.expiresAt
    }
    for (const alias of this.#aliasesOf(holder)) if (!isExpired(alias, now)) reach(alias)
    // A Set is walked in the order of insertion, what is added meanwhile included; each ID once, so
    // that circles end.
    for (const parent of parents) {
      for (const entry of this.#byParent.at(parent)) {
        if (isExpired(entry, now)) continue
        entries.set(entry.id, entry)
        reach(entry)
      }
    }
    return { entries, parents, until }
  }

  /**
   * Whether the entry is a node alias for this agent. A change of any other entry makes a difference
   * only to agents that have its parent among their `parents`.
   */
  isAlias(entry: RegistrationEntry, holder: EntryHolder): boolean {
    return (
      entry.parentId === this.#serverId &&
      hasAll(new Set(holder.selectors.map(selectorText)), entry.selectors.map(selectorText))
    )
  }

  /** Entries that give this SPIFFE ID. */
  withSpiffeId(id: SpiffeId): Iterable<RegistrationEntry> {
    return this.#bySpiffeId.at(id)
  }

  /** Entries right below this ID. */
  withParentId(id: SpiffeId): Iterable<RegistrationEntry> {
    return this.#byParent.at(id)
  }

  #aliasesOf(holder: EntryHolder): RegistrationEntry[] {
    return holder.selectors.flatMap((selector) =>
      [...this.#aliases.at(selectorText(selector))].filter((entry) => this.isAlias(entry, holder)),
    )
  }

  #add(entry: RegistrationEntry): void {
    this.#byParent.add(entry.parentId, entry)
    this.#bySpiffeId.add(entry.spiffeId, entry)
    if (entry.parentId === this.#serverId) this.#aliases.add(leastSelector(entry), entry)
  }

  #remove(entry: RegistrationEntry): void {
    this.#byParent.remove(entry.parentId, entry)
    this.#bySpiffeId.remove(entry.spiffeId, entry)
    if (entry.parentId === this.#serverId) this.#aliases.remove(leastSelector(entry), entry)
  }
}

/** Entries under a key, by id. */
class Index<Key> {
  readonly #byKey = new Map<Key, Map<string, RegistrationEntry>>()

  at(key: Key): Iterable<RegistrationEntry> {
    return this.#byKey.get(key)?.values() ?? []
  }

  add(key: Key, entry: RegistrationEntry): void {
    const found = this.#byKey.get(key)
    if (found === undefined) this.#byKey.set(key, new Map([[entry.id, entry]]))
    else found.set(entry.id, entry)
  }

  remove(key: Key, { id }: RegistrationEntry): void {
    const found = this.#byKey.get(key)
    found?.delete(id)
    if (found?.size === 0) this.#byKey.delete(key)
  }
}

function leastSelector({ selectors }: RegistrationEntry): string {
  const [least] = [...selectors].sort(compareSelectors)
  return least === undefined ? '' : selectorText(least)
}
