/** Bundles on the wire. */

import type { SpiffeBundle } from '../../spiffe/bundle/spiffe-bundle.ts'
import { parseTrustDomainOrId } from '../../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import type { Bundle__Output } from '../gen/spire/api/types/Bundle.ts'
import type { BundleMask__Output } from '../gen/spire/api/types/BundleMask.ts'
import { instantOf, secondsOf } from './instant.ts'

/** What is told of a bundle. */
export interface BundleFields {
  readonly trustDomain: TrustDomain
  /** Certificates in DER. */
  readonly x509Authorities: readonly {
    readonly certificate: Uint8Array
    readonly tainted: boolean
  }[]
  /** Public keys as SubjectPublicKeyInfo, DER. */
  readonly jwtAuthorities: readonly {
    readonly keyId: string
    readonly publicKey: Uint8Array
    readonly expiresAt: Date
    readonly tainted: boolean
  }[]
  readonly sequenceNumber: bigint
  readonly refreshHintSeconds?: number
}

/** The trust domain and what the mask shows; no mask shows all. */
export function bundleToWire(
  bundle: BundleFields,
  mask: BundleMask__Output | null = null,
): Bundle__Output {
  const shows = (field: keyof BundleMask__Output): boolean => mask === null || mask[field]
  return {
    trustDomain: bundle.trustDomain,
    x509Authorities: shows('x509Authorities')
      ? bundle.x509Authorities.map(({ certificate, tainted }) => ({
          asn1: Buffer.from(certificate),
          tainted,
        }))
      : [],
    jwtAuthorities: shows('jwtAuthorities')
      ? bundle.jwtAuthorities.map(({ keyId, publicKey, expiresAt, tainted }) => ({
          keyId,
          publicKey: Buffer.from(publicKey),
          expiresAt: secondsOf(expiresAt),
          tainted,
        }))
      : [],
    refreshHint: shows('refreshHint') ? String(bundle.refreshHintSeconds ?? 0) : '0',
    sequenceNumber: shows('sequenceNumber') ? String(bundle.sequenceNumber) : '0',
    witAuthorities: [],
  }
}

/** Throws a SpiffeError or a RegistrationError when a part cannot be read. */
export function bundleOf(wire: Bundle__Output): SpiffeBundle {
  return {
    trustDomain: parseTrustDomainOrId(wire.trustDomain),
    x509Authorities: wire.x509Authorities.map(({ asn1, tainted }) => ({
      certificate: parseCertificate(asn1),
      tainted,
    })),
    jwtAuthorities: wire.jwtAuthorities.map(({ keyId, publicKey, expiresAt, tainted }) => {
      const end = instantOf(expiresAt, 'expires_at')
      return { keyId, publicKey, tainted, ...(end === undefined ? {} : { expiresAt: end }) }
    }),
    refreshHintSeconds: Number(wire.refreshHint),
    sequenceNumber: BigInt(wire.sequenceNumber),
  }
}
