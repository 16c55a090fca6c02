/** The certificates that a TLS peer sent, before anybody has judged them. */

/** A certificate as Node tells it (`getPeerCertificate(true)`), linked to its issuer. */
export interface Presented {
  readonly raw?: Buffer
  readonly issuerCertificate?: Presented
}

/** DER, leaf first, at most `most + 1` of them; none from a peer without a certificate. */
export function presentedChain(leaf: Presented, most: number): Uint8Array[] {
  const chain: Uint8Array[] = []
  const seen = new Set<string>()
  let certificate: Presented | undefined = leaf
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
