/**
 * TLS between proxies: 1.3 only, nothing resumed. A resumed session would carry an old decision
 * about the peer, so there are no tickets and no cache; the peer is judged by us, once the handshake
 * is over and before any byte of HTTP is read.
 */

import { constants } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'

export const tlsRules = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
} as const satisfies SecureContextOptions

/** The only application protocol spoken over it. */
export const alpnProtocol = 'http/1.1'
