/**
 * Who is at the other end of a TLS connection: verified when the handshake is over, looked at again
 * for each request, and verified again whenever a bundle changed. X509-SVID section 5.
 */

import type { TLSSocket } from 'node:tls'
import { presentedChain } from '../../runtime/tls/presented-chain.ts'
import { SpiffeError } from '../../spiffe/spiffe-error.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import {
  maxChainCertificates,
  type VerifiedX509Svid,
  verifyX509Svid,
} from '../../spiffe/x509/x509-svid.ts'
import type { Trust } from '../agent/trust.ts'

export class VerifiedPeer {
  readonly svid: VerifiedX509Svid
  readonly #chain: readonly Uint8Array[]
  readonly #trust: Trust
  /** An instant at which the chain was valid. */
  readonly #verifiedAt: Date
  #generation: number
  #isTrusted = true

  private constructor(chain: readonly Uint8Array[], trust: Trust, now: Date) {
    this.svid = verifyX509Svid(chain, trust, now)
    this.#chain = chain
    this.#trust = trust
    this.#verifiedAt = now
    this.#generation = trust.generation
  }

  /** Throws SpiffeError when the peer showed no X509-SVID that the bundles vouch for. */
  static of(socket: TLSSocket, trust: Trust, now: Date): VerifiedPeer {
    if (socket.isSessionReused()) throw new SpiffeError('ERR_X509_SVID', 'resumed TLS session')
    const chain = presentedChain(socket.getPeerCertificate(true), maxChainCertificates)
    return new VerifiedPeer(chain, trust, now)
  }

  get id(): SpiffeId {
    return this.svid.id
  }

  isExpired(now: Date): boolean {
    return now >= this.svid.notAfter
  }

  /**
   * Whether a bundle still vouches for the chain. Its age does not count here: an open stream may
   * outlive its SVID, and a CA's natural end cuts nobody off.
   */
  get isTrusted(): boolean {
    if (this.#generation === this.#trust.generation) return this.#isTrusted
    this.#generation = this.#trust.generation
    this.#isTrusted = this.#verifyAgain()
    return this.#isTrusted
  }

  #verifyAgain(): boolean {
    try {
      verifyX509Svid(this.#chain, this.#trust, this.#verifiedAt)
      return true
    } catch (error) {
      if (error instanceof SpiffeError) return false
      throw error
    }
  }
}
