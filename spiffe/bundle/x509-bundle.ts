// X.509 bundles: the authorities that may sign X509-SVIDs of one trust domain, and sets of bundles
// in which each trust domain has its own. Trust Domain and Bundle section 3, Federation section 7.3.

import { readPem } from '../pem.ts'
import type { TrustDomain } from '../trust-domain.ts'
import { type Certificate, parseCertificate, readCertificates } from '../x509/certificate.ts'

/** The X.509 authorities of one trust domain. */
export interface X509Bundle {
  readonly trustDomain: TrustDomain
  readonly authorities: readonly Certificate[]
}

/** Where a verifier finds the bundle of a trust domain, and of no other. */
export interface X509BundleSource {
  x509Bundle(trustDomain: TrustDomain): X509Bundle | undefined
}

/** A bundle from DER certificates without separator, as the Workload API sends it. */
export function x509BundleFromDer(
  trustDomain: TrustDomain,
  concatenatedDer: Uint8Array,
): X509Bundle {
  return { trustDomain, authorities: readCertificates(concatenatedDer) }
}

/** A bundle from PEM blocks of label CERTIFICATE. */
export function x509BundleFromPem(trustDomain: TrustDomain, text: string): X509Bundle {
  return { trustDomain, authorities: readPem(text, 'CERTIFICATE').map(parseCertificate) }
}

/** A fixed set; of two bundles for one trust domain the later counts. */
export function x509BundleSet(bundles: Iterable<X509Bundle>): X509BundleSource {
  const byTrustDomain = new Map([...bundles].map((bundle) => [bundle.trustDomain, bundle]))
  return { x509Bundle: (trustDomain) => byTrustDomain.get(trustDomain) }
}
