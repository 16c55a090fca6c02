/** The X.509 bundles of one revision, each encoded once in the form in which all APIs give it out. */

import type { SpiffeBundle } from '../../spiffe/bundle/spiffe-bundle.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'

export class EncodedBundles {
  readonly own: TrustDomain
  readonly #byTrustDomain: ReadonlyMap<TrustDomain, Buffer>

  constructor(own: TrustDomain, bundles: ReadonlyMap<TrustDomain, SpiffeBundle>) {
    this.own = own
    this.#byTrustDomain = new Map(
      [...bundles].map(([name, { x509Authorities }]) => [
        name,
        Buffer.concat(x509Authorities.map(({ certificate }) => certificate.der)),
      ]),
    )
  }

  /** DER certificates without separator; undefined when there is no such bundle. */
  of(trustDomain: TrustDomain): Buffer | undefined {
    return this.#byTrustDomain.get(trustDomain)
  }

  /** All of them by trust domain name, the names in ascending order. */
  all(): [TrustDomain, Buffer][] {
    return [...this.#byTrustDomain].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** Those of the named trust domains that there are, in ascending order; never the own one. */
  federated(names: Iterable<TrustDomain>): [TrustDomain, Buffer][] {
    return [...new Set(names)]
      .filter((name) => name !== this.own)
      .sort()
      .flatMap((name): [TrustDomain, Buffer][] => {
        const der = this.of(name)
        return der === undefined ? [] : [[name, der]]
      })
  }
}
