/**
 * The bundles that peers are verified against, and when they changed.
 *
 * Which trust domains count is said with each identity (an app trusts the domains it federates
 * with); their authorities are the newest that either stream of the agent has brought.
 */

import {
  type X509Bundle,
  type X509BundleSource,
  x509BundleFromDer,
} from '../../spiffe/bundle/x509-bundle.ts'
import { parseTrustDomain, type TrustDomain } from '../../spiffe/trust-domain.ts'

/** A set of bundles that can change; whoever verified with it looks again when it has. */
export interface Trust extends X509BundleSource {
  /** Rises with each change. */
  readonly generation: number
  /** Runs `changed` after each change until the returned function is called. */
  onChange(changed: () => void): () => void
}

interface ReadBundle {
  readonly der: Uint8Array
  readonly bundle: X509Bundle
}

/** The bundles of one stream: each message replaces them all. */
export class BundleSet implements Trust {
  #bundles = new Map<TrustDomain, ReadBundle>()
  #generation = 0
  readonly #listeners = new Set<() => void>()

  get generation(): number {
    return this.#generation
  }

  x509Bundle(trustDomain: TrustDomain): X509Bundle | undefined {
    return this.#bundles.get(trustDomain)?.bundle
  }

  onChange(changed: () => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  /** Takes trust domain name to concatenated DER. Throws SpiffeError, and then changes nothing. */
  replace(bundles: Readonly<Record<string, Uint8Array>>): void {
    const next = new Map<TrustDomain, ReadBundle>()
    let hasChanged = false
    for (const [name, der] of Object.entries(bundles)) {
      const trustDomain = parseTrustDomain(name)
      const known = this.#bundles.get(trustDomain)
      if (known !== undefined && Buffer.compare(known.der, der) === 0) next.set(trustDomain, known)
      else {
        next.set(trustDomain, { der, bundle: x509BundleFromDer(trustDomain, der) })
        hasChanged = true
      }
    }
    if (!hasChanged && next.size === this.#bundles.size) return
    this.#bundles = next
    this.#generation++
    for (const changed of [...this.#listeners]) changed()
  }
}

/** The domains of one identity, with authorities from the node's stream where it knows them. */
export class IdentityTrust implements Trust {
  readonly #own: Trust
  readonly #node: Trust

  constructor(own: Trust, node: Trust) {
    this.#own = own
    this.#node = node
  }

  get generation(): number {
    return this.#own.generation + this.#node.generation
  }

  x509Bundle(trustDomain: TrustDomain): X509Bundle | undefined {
    const own = this.#own.x509Bundle(trustDomain)
    return own === undefined ? undefined : (this.#node.x509Bundle(trustDomain) ?? own)
  }

  onChange(changed: () => void): () => void {
    const removers = [this.#own.onChange(changed), this.#node.onChange(changed)]
    return () => {
      for (const remove of removers) remove()
    }
  }
}
