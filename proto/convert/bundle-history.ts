/** Authorities of the bundle history on the wire: instants are milliseconds since 1970, 0 for none. */

import type { PublishedAuthority } from '../../audit/trust-history.ts'
import { parseTrustDomain } from '../../spiffe/trust-domain.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import type { ListX509AuthoritiesResponse__Output } from '../gen/countersign/server/bundle/v1/ListX509AuthoritiesResponse.ts'
import type { PublishedX509Authority } from '../gen/countersign/server/bundle/v1/PublishedX509Authority.ts'

/** An X.509 authority as the server keeps it. */
export interface PublishedDer {
  readonly der: Uint8Array
  readonly publishedAt: Date
  readonly removedAt?: Date | undefined
}

export function publishedToWire(published: PublishedDer): PublishedX509Authority {
  return {
    asn1: Buffer.from(published.der),
    publishedAt: published.publishedAt.getTime(),
    removedAt: published.removedAt?.getTime() ?? 0,
  }
}

/** One page of the history. Throws SpiffeError for an authority that is no certificate. */
export function publishedOf({
  trustDomain,
  authorities,
}: ListX509AuthoritiesResponse__Output): PublishedAuthority[] {
  const owner = parseTrustDomain(trustDomain)
  return authorities.map(({ asn1, publishedAt, removedAt }) => ({
    trustDomain: owner,
    certificate: parseCertificate(asn1),
    publishedAt: new Date(Number(publishedAt)),
    ...(removedAt === '0' ? {} : { removedAt: new Date(Number(removedAt)) }),
  }))
}
