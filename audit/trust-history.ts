/**
 * Which authorities a verifier trusts for an instant: trust comes from the bundle history or from a
 * bundle that the verifier has, never from the record itself. DESIGN.md section 6.
 */

import type { X509Bundle, X509BundleSource } from '../spiffe/bundle/x509-bundle.ts'
import { x509BundleSet } from '../spiffe/bundle/x509-bundle.ts'
import { SpiffeError } from '../spiffe/spiffe-error.ts'
import { parseTrustDomain, type TrustDomain } from '../spiffe/trust-domain.ts'
import { type Certificate, parseCertificate } from '../spiffe/x509/certificate.ts'
import { type Departure, object, type Shape, text } from './shape.ts'

export interface TrustHistory {
  /** The bundles of that instant; the same object while nothing changed. */
  at(time: Date): X509BundleSource
}

/** One X.509 authority and the time it was in its trust domain's bundle. */
export interface PublishedAuthority {
  readonly trustDomain: TrustDomain
  readonly certificate: Certificate
  readonly publishedAt: Date
  /** Absent while it is still there. */
  readonly removedAt?: Date
}

/**
 * How far the clocks of server and writer may be apart: an authority counts so much longer at both
 * ends of its time in the bundle.
 */
const clockSkewMs = 60_000

/** The same bundles at any time; the certificates' own validity still counts. */
export function constantTrust(bundles: X509BundleSource): TrustHistory {
  return { at: () => bundles }
}

/** Trusts each authority for the time it was published. */
export function publishedTrust(authorities: readonly PublishedAuthority[]): TrustHistory {
  const periods = authorities.map((each) => ({
    ...each,
    from: each.publishedAt.getTime() - clockSkewMs,
    to: each.removedAt === undefined ? Infinity : each.removedAt.getTime() + clockSkewMs,
  }))
  let last: { readonly members: string; readonly source: X509BundleSource } | undefined
  return {
    at: (time) => {
      const now = time.getTime()
      const isIn = periods.map(({ from, to }) => now >= from && now <= to)
      const members = isIn.map(Number).join('')
      if (last?.members !== members)
        last = { members, source: sourceOf(authorities.filter((_, at) => isIn[at])) }
      return last.source
    },
  }
}

/** Most characters of a bundle history. */
const maxHistoryLength = 64 << 20

/**
 * Reads an exported bundle history: JSON lines with `trustDomain`, `x509Authority` (DER in base64),
 * `publishedAt` and, if it has left the bundle, `removedAt`. Throws `ERR_BUNDLE`, naming the line.
 */
export function parseBundleHistory(content: string): PublishedAuthority[] {
  if (content.length > maxHistoryLength)
    throw new SpiffeError('ERR_BUNDLE', `bundle history is over ${maxHistoryLength} characters`)
  const lines = content.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line, at) => {
    try {
      return readPublished(line)
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unreadable'
      throw new SpiffeError('ERR_BUNDLE', `bundle history, line ${at + 1}: ${reason}`, {
        cause: error,
      })
    }
  })
}

/** One line of an exported bundle history, without its line end. */
export function formatPublished(published: PublishedAuthority): string {
  const { trustDomain, certificate, publishedAt, removedAt } = published
  return JSON.stringify({
    trustDomain,
    x509Authority: Buffer.from(certificate.der).toString('base64'),
    publishedAt: publishedAt.toISOString(),
    ...(removedAt === undefined ? {} : { removedAt: removedAt.toISOString() }),
  })
}

interface PublishedText {
  readonly trustDomain: string
  readonly x509Authority: string
  readonly publishedAt: string
  readonly removedAt?: string
}

const time = text(
  'a time such as 2026-01-31T12:00:00Z',
  (value) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value) && !Number.isNaN(Date.parse(value)),
)
const publishedText: Shape<PublishedText> = object<PublishedText>(
  {
    trustDomain: text('a trust domain name', () => true),
    x509Authority: text('base64', (value) => /^[A-Za-z0-9+/]+={0,2}$/.test(value)),
    publishedAt: time,
  },
  { removedAt: time },
)

function readPublished(line: string): PublishedAuthority {
  const value: unknown = JSON.parse(line)
  const departure: Departure = { path: [], expected: '' }
  if (!publishedText(value, departure))
    throw new SpiffeError(
      'ERR_BUNDLE',
      `expected ${departure.expected}${departure.path.length > 0 ? ` at ${departure.path.join('.').slice(0, 80)}` : ''}`,
    )
  return {
    trustDomain: parseTrustDomain(value.trustDomain),
    certificate: parseCertificate(Buffer.from(value.x509Authority, 'base64')),
    publishedAt: new Date(value.publishedAt),
    ...(value.removedAt === undefined ? {} : { removedAt: new Date(value.removedAt) }),
  }
}

function sourceOf(authorities: readonly PublishedAuthority[]): X509BundleSource {
  const byTrustDomain = new Map<TrustDomain, Certificate[]>()
  for (const { trustDomain, certificate } of authorities) {
    const known = byTrustDomain.get(trustDomain)
    if (known === undefined) byTrustDomain.set(trustDomain, [certificate])
    else known.push(certificate)
  }
  const bundles = [...byTrustDomain].map(
    ([trustDomain, members]): X509Bundle => ({ trustDomain, authorities: members }),
  )
  return x509BundleSet(bundles)
}
