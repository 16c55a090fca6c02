/** First stage: the peer of the connection is a caller, now. */

import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import { type Denied, deny } from '../denied.ts'
import type { VerifiedPeer } from '../tls/verified-peer.ts'

/** Looks at the verified peer again for each request: its SVID may have expired since. */
export function authenticate(peer: VerifiedPeer, now: Date): Caller | Denied {
  if (peer.isExpired(now)) return deny('svid-expired', `since ${peer.svid.notAfter.toISOString()}`)
  if (!peer.isTrusted) return deny('svid-untrusted', `issuer ${peer.svid.issuerKeyId}`)
  return new Caller(peer)
}

/** A peer whose X509-SVID is good at this moment. Exported as a type only: only `authenticate` makes one. */
class Caller {
  readonly #peer: VerifiedPeer

  constructor(peer: VerifiedPeer) {
    this.#peer = peer
  }

  get id(): SpiffeId {
    return this.#peer.id
  }

  get peer(): VerifiedPeer {
    return this.#peer
  }
}

export type { Caller }
