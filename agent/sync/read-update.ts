/**
 * The pages of one revision, as the watch stream brings them, made into one update.
 *
 * What cannot be read is left out and said: the rest of the node goes on.
 */

import { bundleOf } from '../../proto/convert/bundle.ts'
import { entryOf } from '../../proto/convert/entry.ts'
import type { WatchResponse__Output } from '../../proto/gen/countersign/server/watch/v1/WatchResponse.ts'
import type { Policy__Output } from '../../proto/gen/countersign/types/Policy.ts'
import type { RegistrationEntry } from '../../registration/entry.ts'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import type { Logger } from '../../runtime/log.ts'
import type { SpiffeBundle } from '../../spiffe/bundle/spiffe-bundle.ts'
import { parseSpiffeId, parseTrustDomainOrId, type SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import type { StateUpdate } from './node-state.ts'

const limits = { items: 500_000 } as const

/** Collects pages until the last one of a revision has come. */
export class UpdateReader {
  readonly #trustDomain: TrustDomain
  readonly #log: Logger
  #pages: Pages = emptyPages()

  constructor(trustDomain: TrustDomain, log: Logger) {
    this.#trustDomain = trustDomain
    this.#log = log
  }

  /**
   * The update, once this page is its last; nothing before.
   *
   * @throws {Failure} `protocol-error` when the pages hold more than any node can have.
   */
  read(page: WatchResponse__Output): StateUpdate | undefined {
    if (page.reset) this.#pages = { ...emptyPages(), isWhole: true }
    this.#add(page)
    if (page.more) return undefined
    const { isWhole, ...rest } = this.#pages
    this.#pages = emptyPages()
    return { revision: page.revision, isWhole, ...rest }
  }

  #add(page: WatchResponse__Output): void {
    const { entries, deletedEntries, bundles, deletedBundles, policies } = this.#pages
    for (const wire of page.entries)
      this.#readable('entry', wire.id, () => {
        entries.set(wire.id, entryOf(wire, this.#trustDomain))
      })
    for (const id of page.deletedEntryIds) deletedEntries.add(id)
    for (const wire of page.bundles)
      this.#readable('bundle', wire.trustDomain, () => {
        const bundle = bundleOf(wire)
        bundles.set(bundle.trustDomain, bundle)
      })
    for (const name of page.deletedBundles)
      this.#readable('bundle', name, () => deletedBundles.add(parseTrustDomainOrId(name)))
    for (const { app, policies: inForce } of page.policies)
      this.#readable('policy', app, () => policies.set(parseSpiffeId(app), inForce))
    if (entries.size + deletedEntries.size + policies.size > limits.items)
      throw new Failure('protocol-error', `expected at most ${limits.items} items in one revision`)
  }

  #readable(what: string, name: string, read: () => unknown): void {
    try {
      read()
    } catch (error) {
      this.#log.error({ what, name, reason: reasonOf(error) }, 'Cannot read what the server sent')
      return
    }
  }
}

interface Pages {
  readonly isWhole: boolean
  readonly entries: Map<string, RegistrationEntry>
  readonly deletedEntries: Set<string>
  readonly bundles: Map<TrustDomain, SpiffeBundle>
  readonly deletedBundles: Set<TrustDomain>
  readonly policies: Map<SpiffeId, readonly Policy__Output[]>
}

function emptyPages(): Pages {
  return {
    isWhole: false,
    entries: new Map(),
    deletedEntries: new Set(),
    bundles: new Map(),
    deletedBundles: new Set(),
    policies: new Map(),
  }
}
