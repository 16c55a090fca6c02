/**
 * Trust bundles by trust domain, and the history of every authority that the own bundle ever held.
 * The history is never pruned: records that were signed long ago are verified by it.
 */

import { z } from 'zod'
import type { TrustDomain } from '../../../spiffe/trust-domain.ts'
import { Collection } from './collection.ts'
import { bigintText, bytesText, dateText, jsonCodec, trustDomainText } from './json-codec.ts'

/** An X.509 authority as a bundle holds it. */
export interface BundleX509Authority {
  /** Lower-case hex of the certificate's subject key id. */
  readonly keyId: string
  /** DER. */
  readonly certificate: Uint8Array
  readonly notAfter: Date
  readonly tainted: boolean
}

export interface BundleJwtAuthority {
  readonly keyId: string
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  readonly expiresAt: Date
  readonly tainted: boolean
}

export interface StoredBundle {
  readonly trustDomain: TrustDomain
  readonly x509Authorities: readonly BundleX509Authority[]
  readonly jwtAuthorities: readonly BundleJwtAuthority[]
  /** Rises by one with each change. */
  readonly sequenceNumber: bigint
}

/** An authority that was published in the own bundle at some time. */
export interface PublishedAuthority {
  readonly kind: 'x509' | 'jwt'
  readonly keyId: string
  /** Certificate or SubjectPublicKeyInfo, DER. */
  readonly der: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
  readonly publishedAt: Date
  /** When it left the bundle; undefined while it is there. */
  readonly removedAt?: Date | undefined
}

const bundleSchema: z.ZodType<StoredBundle> = z.strictObject({
  trustDomain: trustDomainText,
  x509Authorities: z.array(
    z.strictObject({
      keyId: z.string(),
      certificate: bytesText,
      notAfter: dateText,
      tainted: z.boolean(),
    }),
  ),
  jwtAuthorities: z.array(
    z.strictObject({
      keyId: z.string(),
      publicKey: bytesText,
      expiresAt: dateText,
      tainted: z.boolean(),
    }),
  ),
  sequenceNumber: bigintText,
})

const publishedSchema: z.ZodType<PublishedAuthority> = z.strictObject({
  kind: z.enum(['x509', 'jwt']),
  keyId: z.string(),
  der: bytesText,
  notBefore: dateText,
  notAfter: dateText,
  publishedAt: dateText,
  removedAt: dateText.optional(),
})

/** Read and mirror it freely; the own bundle is changed by `server/bundle/own-bundle.ts` only. */
export const bundles = new Collection<StoredBundle>({
  name: 'bundle',
  codec: jsonCodec(bundleSchema),
  idOf: ({ trustDomain }) => [trustDomain],
})

export const bundleHistory = new Collection<PublishedAuthority>({
  name: 'bundle-history',
  codec: jsonCodec(publishedSchema),
  idOf: ({ kind, keyId }) => [kind, keyId],
})
