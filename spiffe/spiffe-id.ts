// SPIFFE IDs: parse, make, take apart. SPIFFE-ID sections 2 to 2.4; messages are go-spiffe's.

import { SpiffeError } from './spiffe-error.ts'
import { parseTrustDomain, type TrustDomain } from './trust-domain.ts'

declare const spiffeIdBrand: unique symbol

/**
 * A SPIFFE ID in its only spelling, `spiffe://<trust domain><path>`, so that `===` compares
 * identities. Only `parseSpiffeId` and `makeSpiffeId` make one.
 */
export type SpiffeId = string & { readonly [spiffeIdBrand]: true }

/** Longest SPIFFE ID in bytes, SPIFFE-ID section 2.3. */
export const maxSpiffeIdBytes = 2048

const scheme = 'spiffe://'

/** Reads a SPIFFE ID; nothing is normalised. Throws `ERR_SPIFFE_ID`. */
export function parseSpiffeId(text: string): SpiffeId {
  if (text === '') throw refuse('cannot be empty')
  if (!text.startsWith(scheme)) throw refuse('scheme is missing or invalid')
  const slash = text.indexOf('/', scheme.length)
  const end = slash === -1 ? text.length : slash
  return makeSpiffeId(readTrustDomain(text.slice(scheme.length, end)), text.slice(end))
}

/** The ID of `path` ('' or `/a/b`) in a trust domain. Throws `ERR_SPIFFE_ID`. */
export function makeSpiffeId(trustDomain: TrustDomain, path: string): SpiffeId {
  checkPath(path)
  const id = `${scheme}${trustDomain}${path}`
  if (!isWithinLength(id)) throw refuse(`SPIFFE ID is longer than ${maxSpiffeIdBytes} bytes`)
  return id
}

/** The trust domain of an ID. */
export function trustDomainOf(id: SpiffeId): TrustDomain {
  return parseTrustDomain(id.slice(scheme.length, id.length - pathOf(id).length))
}

/** The path of an ID with its leading slash, or '' for the ID of the trust domain itself. */
export function pathOf(id: SpiffeId): string {
  const slash = id.indexOf('/', scheme.length)
  return slash === -1 ? '' : id.slice(slash)
}

/** Whether the ID belongs to the trust domain. */
export function isMemberOf(id: SpiffeId, trustDomain: TrustDomain): boolean {
  return trustDomainOf(id) === trustDomain
}

/**
 * The trust domain that is named by a bare name or by any SPIFFE ID in it, the way SPIRE's API and
 * flags take one. Throws `ERR_TRUST_DOMAIN` or `ERR_SPIFFE_ID`.
 */
export function parseTrustDomainOrId(text: string): TrustDomain {
  return text.includes(':/') ? trustDomainOf(parseSpiffeId(text)) : parseTrustDomain(text)
}

/** Checks a path as part of an ID: '' or segments, each after a slash. Throws `ERR_SPIFFE_ID`. */
function checkPath(path: string): void {
  if (path === '') return
  if (!path.startsWith('/')) throw refuse('path must have a leading slash')
  const segments = path.slice(1).split('/')
  for (const [at, segment] of segments.entries()) {
    if (segment === '') {
      const isLast = at === segments.length - 1
      throw refuse(
        isLast ? 'path cannot have a trailing slash' : 'path cannot contain empty segments',
      )
    }
    if (segment === '.' || segment === '..') throw refuse('path cannot contain dot segments')
    if (!/^[A-Za-z0-9._-]+$/.test(segment)) {
      throw refuse(
        'path segment characters are limited to letters, numbers, dots, dashes, and underscores',
      )
    }
  }
}

function readTrustDomain(name: string): TrustDomain {
  try {
    return parseTrustDomain(name)
  } catch (error) {
    throw new SpiffeError(
      'ERR_SPIFFE_ID',
      error instanceof Error ? error.message : 'trust domain',
      {
        cause: error,
      },
    )
  }
}

function isWithinLength(text: string): text is SpiffeId {
  return text.length <= maxSpiffeIdBytes
}

function refuse(message: string): SpiffeError {
  return new SpiffeError('ERR_SPIFFE_ID', message)
}
