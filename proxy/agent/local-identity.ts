/**
 * One SPIFFE ID of this node that the proxy speaks for: its newest X509-SVID and the bundles that it
 * trusts, brought by the `Identify` streams of all connections of its processes.
 *
 * Held for as long as somebody holds a connection under it; then key and SVID are forgotten.
 */

import type { IdentifyResponse__Output } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyResponse.ts'
import { parseSpiffeId, type SpiffeId } from '../../spiffe/spiffe-id.ts'
import { LocalSvid } from './local-svid.ts'
import { BundleSet, IdentityTrust, type Trust } from './trust.ts'

export class LocalIdentity {
  readonly id: SpiffeId
  readonly trust: Trust
  readonly #bundles = new BundleSet()
  readonly #listeners = new Set<() => void>()
  #svid: LocalSvid

  /** `trustChanged` runs after each change of the bundles that came with the identity itself. */
  constructor(id: SpiffeId, svid: LocalSvid, nodeTrust: Trust, trustChanged: () => void) {
    this.id = id
    this.#svid = svid
    this.#bundles.onChange(trustChanged)
    this.trust = new IdentityTrust(this.#bundles, nodeTrust)
  }

  /** The one that expires last. */
  get svid(): LocalSvid {
    return this.#svid
  }

  /** Runs `renewed` after each new SVID until the returned function is called. */
  onRenewed(renewed: () => void): () => void {
    this.#listeners.add(renewed)
    return () => this.#listeners.delete(renewed)
  }

  take(svid: LocalSvid, bundles: Readonly<Record<string, Uint8Array>>): void {
    this.#bundles.replace(bundles)
    if (svid.notAfter <= this.#svid.notAfter) return
    this.#svid = svid
    for (const renewed of [...this.#listeners]) renewed()
  }
}

export class LocalIdentities {
  readonly #nodeTrust: Trust
  readonly #trustChanged: () => void
  readonly #held = new Map<SpiffeId, { readonly identity: LocalIdentity; holders: number }>()

  /** `trustChanged` runs whenever the bundles of an identity have changed. */
  constructor(nodeTrust: Trust, trustChanged: () => void) {
    this.#nodeTrust = nodeTrust
    this.#trustChanged = trustChanged
  }

  /** The identity that an answer names, held until `release`. Throws SpiffeError for a bad answer. */
  hold(answer: IdentifyResponse__Output): LocalIdentity {
    const id = parseSpiffeId(answer.spiffeId)
    const svid = new LocalSvid(id, answer.x509Svid, answer.x509SvidKey)
    const held = this.#held.get(id) ?? {
      identity: new LocalIdentity(id, svid, this.#nodeTrust, this.#trustChanged),
      holders: 0,
    }
    held.identity.take(svid, answer.bundles)
    held.holders++
    this.#held.set(id, held)
    return held.identity
  }

  /** Holds once more what is held already; `release` as often. */
  retain({ id }: LocalIdentity): void {
    const held = this.#held.get(id)
    if (held === undefined) throw new TypeError(`${id} is not held`)
    held.holders++
  }

  release({ id }: LocalIdentity): void {
    const held = this.#held.get(id)
    if (held === undefined) return
    held.holders--
    if (held.holders === 0) this.#held.delete(id)
  }
}
