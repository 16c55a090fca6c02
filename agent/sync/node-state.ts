/**
 * What this agent holds of its server's state: entries, bundles and policies, all of one revision.
 *
 * A change is taken over whole, in one step, and then told to those who listen.
 */

import type { Policy__Output } from '../../proto/gen/countersign/types/Policy.ts'
import type { RegistrationEntry } from '../../registration/entry.ts'
import type { SpiffeBundle } from '../../spiffe/bundle/spiffe-bundle.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import { LiveValue } from '../live-value.ts'

/** One revision of the server's, whole or as the difference to the one before. */
export interface StateUpdate {
  readonly revision: string
  /** What is not named here is gone. */
  readonly isWhole: boolean
  readonly entries: ReadonlyMap<string, RegistrationEntry>
  readonly deletedEntries: ReadonlySet<string>
  readonly bundles: ReadonlyMap<TrustDomain, SpiffeBundle>
  readonly deletedBundles: ReadonlySet<TrustDomain>
  /** Everything in force for each app. */
  readonly policies: ReadonlyMap<SpiffeId, readonly Policy__Output[]>
}

/** What a change touched: added, replaced or gone. */
export interface StateChange {
  readonly entries: ReadonlySet<string>
  readonly bundles: ReadonlySet<TrustDomain>
  readonly policies: ReadonlySet<SpiffeId>
}

export class NodeState {
  readonly #entries = new Map<string, RegistrationEntry>()
  readonly #bundles = new Map<TrustDomain, SpiffeBundle>()
  readonly #policies = new Map<SpiffeId, readonly Policy__Output[]>()
  readonly #listeners: ((change: StateChange) => void)[] = []
  readonly #revision = new LiveValue('0')

  /** `0` until the first update. */
  get revision(): string {
    return this.#revision.value
  }

  get entries(): ReadonlyMap<string, RegistrationEntry> {
    return this.#entries
  }

  get bundles(): ReadonlyMap<TrustDomain, SpiffeBundle> {
    return this.#bundles
  }

  get policies(): ReadonlyMap<SpiffeId, readonly Policy__Output[]> {
    return this.#policies
  }

  /** The revision now and after each change, once all listeners have heard of it. */
  follow(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    return this.#revision.follow(signal)
  }

  /** Listeners hear of each change after it was taken over, in the order in which they came. */
  onChange(listener: (change: StateChange) => void): void {
    this.#listeners.push(listener)
  }

  apply(update: StateUpdate): void {
    const change: StateChange = {
      entries: merge(this.#entries, update.entries, update.deletedEntries, update.isWhole),
      bundles: merge(this.#bundles, update.bundles, update.deletedBundles, update.isWhole),
      policies: merge(this.#policies, update.policies, new Set(), update.isWhole),
    }
    for (const listener of this.#listeners) listener(change)
    this.#revision.set(update.revision)
  }

  /** Forgets everything: no process of this node has an identity any more. */
  clear(): void {
    this.apply({
      revision: this.revision,
      isWhole: true,
      entries: new Map(),
      deletedEntries: new Set(),
      bundles: new Map(),
      deletedBundles: new Set(),
      policies: new Map(),
    })
  }
}

/** Takes `next` over into `held`; returns the keys of what was named or has gone. */
function merge<Key, Value>(
  held: Map<Key, Value>,
  next: ReadonlyMap<Key, Value>,
  deleted: ReadonlySet<Key>,
  isWhole: boolean,
): Set<Key> {
  const gone = isWhole ? [...held.keys()].filter((key) => !next.has(key)) : [...deleted]
  for (const key of gone) held.delete(key)
  for (const [key, value] of next) held.set(key, value)
  return new Set([...gone, ...next.keys()])
}
