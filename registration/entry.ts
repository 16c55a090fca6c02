/** Registration entries: which identity a process gets, and under which parent. */

import type { SpiffeId } from '../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../spiffe/trust-domain.ts'
import { checkDnsName } from './dns-name.ts'
import { invalid, RegistrationError } from './registration-error.ts'
import { compareSelectors, type Selector, selectorText } from './selector.ts'

/** What an operator decides about an entry. */
export interface EntryContent {
  readonly spiffeId: SpiffeId
  /** The agent, node alias or workload whose node the process is on. */
  readonly parentId: SpiffeId
  /** All of them must be found at the process; never empty, in the order given. */
  readonly selectors: readonly Selector[]
  /** 0 takes the server's default. */
  readonly x509SvidTtlSeconds: number
  /** 0 takes the server's default. */
  readonly jwtSvidTtlSeconds: number
  /** Trust domains whose bundles the process gets, in ascending order. */
  readonly federatesWith: readonly TrustDomain[]
  readonly admin: boolean
  readonly downstream: boolean
  /** Afterwards the entry is served to nobody; undefined for never. */
  readonly expiresAt?: Date | undefined
  /** The first becomes the certificate's common name too. */
  readonly dnsNames: readonly string[]
  readonly storeSvid: boolean
  readonly hint: string
  readonly additionalAttributes?: AdditionalAttributes | undefined
}

export interface AdditionalAttributes {
  readonly disableX509SvidPrefetch: boolean
  readonly jwtSvidIncludeJti: boolean
}

export interface RegistrationEntry extends EntryContent {
  readonly id: string
  /** 0 when created, one more with each update. */
  readonly revisionNumber: number
  readonly createdAt: Date
}

/** Bounds of an entry. */
export const entryLimits = {
  idLength: 255,
  hintBytes: 1024,
  selectors: 1000,
  dnsNames: 1000,
  federatesWith: 1000,
} as const

/** Throws a RegistrationError unless the list can be an entry's. */
export function checkSelectors(selectors: readonly Selector[]): void {
  if (selectors.length === 0) throw invalid('selector list is empty')
  atMost(selectors, entryLimits.selectors, 'selectors')
}

/** Throws a RegistrationError unless each can stand in a certificate. */
export function checkDnsNames(names: readonly string[]): void {
  atMost(names, entryLimits.dnsNames, 'DNS names')
  names.forEach(checkDnsName)
}

/** In ascending order, each once. Throws a RegistrationError when there are too many. */
export function sortedTrustDomains(names: readonly TrustDomain[]): readonly TrustDomain[] {
  atMost(names, entryLimits.federatesWith, 'federated trust domains')
  return [...new Set(names)].sort()
}

/** Throws a RegistrationError when it is longer than `entryLimits.hintBytes`. */
export function checkHint(hint: string): void {
  if (Buffer.byteLength(hint) > entryLimits.hintBytes)
    throw invalid(`hint is too long, max length is ${entryLimits.hintBytes} characters`)
}

/** Throws a RegistrationError unless the fields go together and the entry can be kept. */
export function checkEntry(entry: RegistrationEntry): void {
  const [first] = entry.selectors
  if (entry.storeSvid && entry.selectors.some(({ type }) => type !== first?.type))
    throw invalidEntry('selector types must be the same when store SVID is enabled')
  if (entry.storeSvid && entry.additionalAttributes?.disableX509SvidPrefetch === true)
    throw invalidEntry('prefetch must not be disabled when store SVID is enabled')
  if (entry.id.length > entryLimits.idLength) throw invalidEntry('entry ID too long')
  if (!/^[A-Za-z0-9._-]+$/.test(entry.id))
    throw invalidEntry('entry ID contains invalid characters')
  if (entry.x509SvidTtlSeconds < 0) throw invalidEntry('X509SvidTtl is not set')
  if (entry.jwtSvidTtlSeconds < 0) throw invalidEntry('JwtSvidTtl is not set')
  noDuplicates(entry.selectors.map(selectorText), 'selector')
  noDuplicates(entry.dnsNames, 'DNS name')
}

/**
 * Entries with the same text are similar: same SPIFFE ID, parent and set of selectors. Two of them
 * may not exist at a time.
 */
export function similarityText({ spiffeId, parentId, selectors }: EntryContent): string {
  const sorted = [...selectors].sort(compareSelectors).map(({ type, value }) => [type, value])
  return JSON.stringify([spiffeId, parentId, sorted])
}

/** Whether the entry is served at this time. */
export function isExpired({ expiresAt }: EntryContent, now: Date): boolean {
  return expiresAt !== undefined && expiresAt <= now
}

function atMost(list: readonly unknown[], limit: number, what: string): void {
  if (list.length > limit) throw invalid(`more than ${limit} ${what}`)
}

function noDuplicates(list: readonly string[], what: string): void {
  const seen = new Set<string>()
  const twice = list.find((item) => seen.size === seen.add(item).size)
  if (twice === undefined) return
  throw new RegistrationError(
    'ERR_REGISTRATION_DUPLICATE',
    `${what} ${JSON.stringify(twice)} is listed twice`,
  )
}

function invalidEntry(problem: string): RegistrationError {
  return invalid(`invalid registration entry: ${problem}`)
}
