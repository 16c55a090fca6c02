/**
 * The own trust domain's bundle: authorities are added before they are first used, and leave it a
 * day after they expired. Each change raises the sequence number and is kept in the history, in the
 * same transaction.
 */

import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import {
  type BundleJwtAuthority,
  type BundleX509Authority,
  bundleHistory,
  bundles,
  type StoredBundle,
} from '../datastore/collections/bundles.ts'
import type { Transaction } from '../datastore/collections/transaction.ts'

/** How long an expired authority stays: longer than any stream that it may still vouch for. */
const keepExpiredMs = 24 * 3600 * 1000

/** An authority to publish. */
export type NewAuthority = { readonly notBefore: Date; readonly notAfter: Date } & (
  | { readonly kind: 'x509'; readonly keyId: string; readonly certificate: Uint8Array }
  | { readonly kind: 'jwt'; readonly keyId: string; readonly publicKey: Uint8Array }
)

/** Adds an authority to the bundle and to its history. */
export async function publishAuthority(
  transaction: Transaction,
  trustDomain: TrustDomain,
  added: NewAuthority,
): Promise<void> {
  const bundle = await currentBundle(transaction, trustDomain)
  await bundles.put(transaction, {
    ...withAuthority(bundle, added),
    sequenceNumber: bundle.sequenceNumber + 1n,
  })
  const { kind, keyId, notBefore, notAfter } = added
  await bundleHistory.put(transaction, {
    kind,
    keyId,
    der: added.kind === 'x509' ? added.certificate : added.publicKey,
    notBefore,
    notAfter,
    publishedAt: transaction.now,
  })
}

/** Removes authorities that expired a day ago or earlier; true when there were any. */
export async function pruneBundle(
  transaction: Transaction,
  trustDomain: TrustDomain,
): Promise<boolean> {
  const bundle = await bundles.get(transaction, trustDomain)
  if (bundle === undefined) return false
  const isOver = (end: Date) => end.getTime() + keepExpiredMs <= transaction.now.getTime()
  const x509 = bundle.x509Authorities.filter(({ notAfter }) => isOver(notAfter))
  const jwt = bundle.jwtAuthorities.filter(({ expiresAt }) => isOver(expiresAt))
  if (x509.length + jwt.length === 0) return false
  await bundles.put(transaction, {
    ...bundle,
    x509Authorities: bundle.x509Authorities.filter(({ notAfter }) => !isOver(notAfter)),
    jwtAuthorities: bundle.jwtAuthorities.filter(({ expiresAt }) => !isOver(expiresAt)),
    sequenceNumber: bundle.sequenceNumber + 1n,
  })
  for (const { keyId } of x509) await noteRemoval(transaction, 'x509', keyId)
  for (const { keyId } of jwt) await noteRemoval(transaction, 'jwt', keyId)
  return true
}

/** When the next authority of a bundle is to be removed; undefined when it has none. */
export function nextPruneAt(bundle: StoredBundle): Date | undefined {
  const ends = [
    ...bundle.x509Authorities.map(({ notAfter }) => notAfter.getTime()),
    ...bundle.jwtAuthorities.map(({ expiresAt }) => expiresAt.getTime()),
  ]
  return ends.length === 0 ? undefined : new Date(Math.min(...ends) + keepExpiredMs)
}

async function currentBundle(
  transaction: Transaction,
  trustDomain: TrustDomain,
): Promise<StoredBundle> {
  const found = await bundles.get(transaction, trustDomain)
  // A bundle comes into being with number 0, as SPIRE's does.
  return found ?? { trustDomain, x509Authorities: [], jwtAuthorities: [], sequenceNumber: -1n }
}

function withAuthority(bundle: StoredBundle, added: NewAuthority): StoredBundle {
  if (added.kind === 'jwt') {
    const { keyId, publicKey, notAfter } = added
    const jwt: BundleJwtAuthority = { keyId, publicKey, expiresAt: notAfter, tainted: false }
    return { ...bundle, jwtAuthorities: [...bundle.jwtAuthorities, jwt] }
  }
  const { keyId, certificate, notAfter } = added
  const x509: BundleX509Authority = { keyId, certificate, notAfter, tainted: false }
  return { ...bundle, x509Authorities: [...bundle.x509Authorities, x509] }
}

async function noteRemoval(
  transaction: Transaction,
  kind: 'x509' | 'jwt',
  keyId: string,
): Promise<void> {
  const published = await bundleHistory.get(transaction, kind, keyId)
  if (published === undefined) return
  await bundleHistory.put(transaction, { ...published, removedAt: transaction.now })
}
