/**
 * The Workload API's X.509 answers for one set of identities: SPIFFE Workload API sections 5.1 to
 * 5.3. Each is encoded when it is first asked for, and then given to everybody as it is.
 */

import type { X509BundlesResponse } from '../../proto/gen/X509BundlesResponse.ts'
import type { X509SVIDResponse } from '../../proto/gen/X509SVIDResponse.ts'
import { messageDefinition } from '../../proto/services.ts'
import type { RegistrationEntry } from '../../registration/entry.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import type { EncodedBundles } from './encoded-bundles.ts'
import type { Identity } from './identity.ts'

export class X509Answers {
  readonly #entries: readonly RegistrationEntry[]
  readonly #identities: readonly Identity[]
  readonly #bundles: EncodedBundles
  #svidAnswer: Buffer | undefined
  #bundleAnswer: Buffer | undefined

  /** `entries` are all that match, `identities` those of them that have an SVID. */
  constructor(
    entries: readonly RegistrationEntry[],
    identities: readonly Identity[],
    bundles: EncodedBundles,
  ) {
    this.#entries = entries
    this.#identities = identities
    this.#bundles = bundles
  }

  /** An encoded `X509SVIDResponse`. */
  get svids(): Buffer {
    this.#svidAnswer ??= this.#encodeSvids()
    return this.#svidAnswer
  }

  /** An encoded `X509BundlesResponse`. */
  get bundles(): Buffer {
    this.#bundleAnswer ??= this.#encodeBundles()
    return this.#bundleAnswer
  }

  #encodeSvids(): Buffer {
    const bundle = this.#bundles.of(this.#bundles.own) ?? Buffer.alloc(0)
    const message: X509SVIDResponse = {
      svids: withoutSharedHints(this.#identities).map(({ entry, svid }) => ({
        spiffeId: entry.spiffeId,
        x509Svid: svid.chain,
        x509SvidKey: svid.key,
        bundle,
        hint: entry.hint,
      })),
      federatedBundles: keyedById(this.#federated()),
    }
    return messageDefinition('X509SVIDResponse').serialize(message)
  }

  #encodeBundles(): Buffer {
    const { own } = this.#bundles
    const der = this.#bundles.of(own)
    const all: [TrustDomain, Buffer][] = der === undefined ? [] : [[own, der]]
    all.push(...this.#federated())
    const message: X509BundlesResponse = {
      bundles: keyedById(all.sort(([a], [b]) => (a < b ? -1 : 1))),
    }
    return messageDefinition('X509BundlesResponse').serialize(message)
  }

  #federated(): [TrustDomain, Buffer][] {
    return this.#bundles.federated(this.#entries.flatMap(({ federatesWith }) => federatesWith))
  }
}

/**
 * A hint names one identity of an answer (section 5.2.1): of several entries with the same hint the
 * oldest keeps it, of equally old ones the one with the least id, and the others are left out.
 */
function withoutSharedHints(identities: readonly Identity[]): readonly Identity[] {
  const owners = new Map<string, Identity>()
  for (const identity of identities) {
    const { hint, createdAt } = identity.entry
    const owner = owners.get(hint)
    // Identities come by ascending id, so the first of equally old ones stays.
    if (owner === undefined || createdAt < owner.entry.createdAt) owners.set(hint, identity)
  }
  return identities.filter(
    (identity) => identity.entry.hint === '' || owners.get(identity.entry.hint) === identity,
  )
}

function keyedById(bundles: readonly [TrustDomain, Buffer][]): Record<string, Buffer> {
  return Object.fromEntries(bundles.map(([name, der]) => [`spiffe://${name}`, der]))
}
