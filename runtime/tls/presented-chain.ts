/** The certificates that the peer of a TLS connection sent, before anybody has judged them. */

import type { TLSSocket } from 'node:tls'

interface Presented {
  readonly raw?: Buffer
  readonly issuerCertificate?: Presented
}

/** DER, leaf first, at most `most + 1` of them; none from a peer without a certificate. */
export function presentedChain(socket: TLSSocket, most: number): Uint8Array[] {
  const chain: Uint8Array[] = []
  const seen = new Set<string>()
  let certificate: Presented | undefined = socket.getPeerCertificate(true)
  // A self-signed certificate is its own issuer, and the list a ring.
  while (certificate?.raw !== undefined && chain.length <= most) {
    const name = certificate.raw.toString('latin1')
    if (seen.has(name)) break
    seen.add(name)
    chain.push(certificate.raw)
    certificate = certificate.issuerCertificate
  }
  return chain
}
