/** The stored bundles as what verification asks for, each parsed once per change. */

import type { X509Bundle, X509BundleSource } from '../../spiffe/bundle/x509-bundle.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import type { StoredBundle } from '../datastore/collections/bundles.ts'
import type { Mirror } from '../datastore/collections/mirror.ts'

/** Answers from the mirror, so that a change is in force as soon as the mirror has it. */
export function bundleSource(mirror: Mirror<StoredBundle>): X509BundleSource {
  const parsed = new WeakMap<StoredBundle, X509Bundle>()
  return {
    x509Bundle: (trustDomain: TrustDomain) => {
      const stored = mirror.get(trustDomain)
      if (stored === undefined) return undefined
      const known = parsed.get(stored)
      if (known !== undefined) return known
      const authorities = stored.x509Authorities.map(({ certificate }) =>
        parseCertificate(certificate),
      )
      const bundle = { trustDomain, authorities }
      parsed.set(stored, bundle)
      return bundle
    },
  }
}
