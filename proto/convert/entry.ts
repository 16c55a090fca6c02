/** Registration entries on the wire, whole or as far as a mask shows them. */

import {
  checkDnsNames,
  checkHint,
  checkSelectors,
  type EntryContent,
  type RegistrationEntry,
  sortedTrustDomains,
} from '../../registration/entry.ts'
import { invalid, RegistrationError } from '../../registration/registration-error.ts'
import { SpiffeError } from '../../spiffe/spiffe-error.ts'
import { parseTrustDomainOrId } from '../../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import type { Entry__Output } from '../gen/spire/api/types/Entry.ts'
import type { EntryMask__Output } from '../gen/spire/api/types/EntryMask.ts'
import { instantOf, secondsOf } from './instant.ts'
import { selectorsOf, selectorsToWire } from './selector.ts'
import { memberIdOf, spiffeIdToWire, workloadIdOf } from './spiffe-id.ts'

/** All fields of an entry to be created. Throws a RegistrationError with SPIRE's message. */
export function entryContentOf(wire: Entry__Output, trustDomain: TrustDomain): EntryContent {
  return {
    parentId: explained('invalid parent ID', () => memberIdOf(wire.parentId, trustDomain)),
    spiffeId: explained('invalid spiffe ID', () => workloadIdOf(wire.spiffeId, trustDomain)),
    dnsNames: dnsNamesOf(wire),
    federatesWith: federatesWithOf(wire),
    selectors: selectorListOf(wire),
    hint: hintOf(wire),
    expiresAt: instantOf(wire.expiresAt, 'expires_at'),
    x509SvidTtlSeconds: wire.x509SvidTtl,
    jwtSvidTtlSeconds: wire.jwtSvidTtl,
    admin: wire.admin,
    downstream: wire.downstream,
    storeSvid: wire.storeSvid,
    additionalAttributes: attributesOf(wire),
  }
}

/** The masked fields of an update; no mask means all. Throws a RegistrationError. */
export function entryUpdateOf(
  wire: Entry__Output,
  mask: EntryMask__Output | null,
  trustDomain: TrustDomain,
): Partial<EntryContent> {
  if (mask === null) return entryContentOf(wire, trustDomain)
  return {
    ...(mask.parentId && {
      parentId: explained('invalid parent ID', () => memberIdOf(wire.parentId, trustDomain)),
    }),
    ...(mask.spiffeId && {
      spiffeId: explained('invalid spiffe ID', () => workloadIdOf(wire.spiffeId, trustDomain)),
    }),
    ...(mask.dnsNames && { dnsNames: dnsNamesOf(wire) }),
    ...(mask.federatesWith && { federatesWith: federatesWithOf(wire) }),
    ...(mask.selectors && { selectors: selectorListOf(wire) }),
    ...(mask.hint && { hint: hintOf(wire) }),
    ...(mask.expiresAt && { expiresAt: instantOf(wire.expiresAt, 'expires_at') }),
    ...(mask.x509SvidTtl && { x509SvidTtlSeconds: wire.x509SvidTtl }),
    ...(mask.jwtSvidTtl && { jwtSvidTtlSeconds: wire.jwtSvidTtl }),
    ...(mask.admin && { admin: wire.admin }),
    ...(mask.downstream && { downstream: wire.downstream }),
    ...(mask.storeSvid && { storeSvid: wire.storeSvid }),
    ...(mask.additionalAttributes && { additionalAttributes: attributesOf(wire) }),
  }
}

/** An entry as it travels to an agent: nothing was left out. Throws a RegistrationError. */
export function entryOf(wire: Entry__Output, trustDomain: TrustDomain): RegistrationEntry {
  return {
    ...entryContentOf(wire, trustDomain),
    id: wire.id,
    revisionNumber: Number(wire.revisionNumber),
    createdAt: instantOf(wire.createdAt, 'created_at') ?? new Date(0),
  }
}

/** The id and what the mask shows; no mask shows all. */
export function entryToWire(
  entry: RegistrationEntry,
  mask: EntryMask__Output | null = null,
): Entry__Output {
  const shows = (field: keyof EntryMask__Output): boolean => mask === null || mask[field]
  const attributes = shows('additionalAttributes') ? entry.additionalAttributes : undefined
  return {
    id: entry.id,
    spiffeId: shows('spiffeId') ? spiffeIdToWire(entry.spiffeId) : null,
    parentId: shows('parentId') ? spiffeIdToWire(entry.parentId) : null,
    selectors: shows('selectors') ? selectorsToWire(entry.selectors) : [],
    x509SvidTtl: shows('x509SvidTtl') ? entry.x509SvidTtlSeconds : 0,
    federatesWith: shows('federatesWith') ? [...entry.federatesWith] : [],
    admin: shows('admin') && entry.admin,
    downstream: shows('downstream') && entry.downstream,
    expiresAt: shows('expiresAt') ? secondsOf(entry.expiresAt) : '0',
    dnsNames: shows('dnsNames') ? [...entry.dnsNames] : [],
    revisionNumber: shows('revisionNumber') ? String(entry.revisionNumber) : '0',
    storeSvid: shows('storeSvid') && entry.storeSvid,
    jwtSvidTtl: shows('jwtSvidTtl') ? entry.jwtSvidTtlSeconds : 0,
    hint: shows('hint') ? entry.hint : '',
    createdAt: shows('createdAt') ? secondsOf(entry.createdAt) : '0',
    ...(attributes === undefined ? {} : { additionalAttributes: { ...attributes } }),
  }
}

function dnsNamesOf({ dnsNames }: Entry__Output): readonly string[] {
  checkDnsNames(dnsNames)
  return dnsNames
}

function federatesWithOf({ federatesWith }: Entry__Output): readonly TrustDomain[] {
  return explained('invalid federated trust domain', () =>
    sortedTrustDomains(federatesWith.map((name) => parseTrustDomainOrId(name))),
  )
}

function selectorListOf(wire: Entry__Output): EntryContent['selectors'] {
  checkSelectors(wire.selectors)
  return selectorsOf(wire.selectors)
}

function hintOf({ hint }: Entry__Output): string {
  checkHint(hint)
  return hint
}

function attributesOf({
  additionalAttributes,
}: Entry__Output): EntryContent['additionalAttributes'] {
  return additionalAttributes ?? undefined
}

function explained<T>(prefix: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof RegistrationError || error instanceof SpiffeError)) throw error
    throw invalid(`${prefix}: ${error.message}`, error)
  }
}
