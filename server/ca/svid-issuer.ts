/** What the rest of the server asks of the CA: X509-SVIDs for identities that somebody checked. */

import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { Revision } from '../datastore/datastore.ts'

/** One X509-SVID to sign. The caller has decided that the key's holder may have this identity. */
export interface X509SvidRequest {
  readonly id: SpiffeId
  /** SubjectPublicKeyInfo of a checked request, DER. */
  readonly publicKeySpki: Uint8Array
  /** The first becomes the subject's common name too. */
  readonly dnsNames?: readonly string[]
  /** Wanted lifetime; the CA's own end cuts it short. */
  readonly ttlSeconds: number
  /** Registration entry that it is signed for; none for agents and the server. */
  readonly entryId?: string
  /** The attested agent that asked. */
  readonly agentId?: SpiffeId
  /**
   * Records that must not have changed since the decision (the agent's, the entry's): an SVID is
   * never handed out after the ban or deletion that should have stopped it.
   */
  readonly decidedOn?: readonly { readonly key: Uint8Array; readonly revision: Revision }[]
}

export interface IssuedX509Svid {
  readonly id: SpiffeId
  /** DER, leaf first, without the root. */
  readonly chain: readonly Uint8Array[]
  /** Lower-case hex. */
  readonly serial: string
  readonly notBefore: Date
  readonly notAfter: Date
  /** Hex key id of the authority that signed it. */
  readonly issuerKeyId: string
}

export interface SvidIssuer {
  /** Signs one. Throws a {@link CaError}; see `signX509Svids`. */
  signX509Svid(request: X509SvidRequest): Promise<IssuedX509Svid>

  /**
   * Signs all or none, in order, with one commit of their issuance intents. Throws a CaError:
   * `ERR_CA_REQUEST` for one that cannot be signed as asked, `ERR_CA_LINT` for one that would break
   * the SVID profile, `ERR_CA_SUPERSEDED` when a record in `decidedOn` has changed, `ERR_CA_NO_AUTHORITY`
   * when there is no key to sign with.
   */
  signX509Svids(requests: readonly X509SvidRequest[]): Promise<readonly IssuedX509Svid[]>
}

export type CaErrorCode =
  | 'ERR_CA_REQUEST'
  | 'ERR_CA_LINT'
  | 'ERR_CA_SUPERSEDED'
  | 'ERR_CA_NO_AUTHORITY'

/** Why the CA did not sign. */
export class CaError extends Error {
  readonly code: CaErrorCode

  constructor(code: CaErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CaError'
    this.code = code
  }
}
