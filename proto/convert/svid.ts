/** X509-SVIDs on the wire. */

import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { X509SVID__Output } from '../gen/spire/api/types/X509SVID.ts'
import { secondsOf } from './instant.ts'
import { spiffeIdToWire } from './spiffe-id.ts'

/** What is told of a signed X509-SVID. */
export interface X509SvidFields {
  readonly id: SpiffeId
  /** DER, leaf first, without the root. */
  readonly chain: readonly Uint8Array[]
  readonly notAfter: Date
}

export function x509SvidToWire(svid: X509SvidFields, hint = ''): X509SVID__Output {
  return {
    certChain: svid.chain.map((der) => Buffer.from(der)),
    id: spiffeIdToWire(svid.id),
    expiresAt: secondsOf(svid.notAfter),
    hint,
  }
}
