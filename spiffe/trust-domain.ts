// Trust domain names. SPIFFE-ID sections 2.1 and 2.3.

import { SpiffeError } from './spiffe-error.ts'

declare const trustDomainBrand: unique symbol

/** The name of a trust domain (`example.org`, without scheme); only `parseTrustDomain` makes one. */
export type TrustDomain = string & { readonly [trustDomainBrand]: true }

/** Longest trust domain name in bytes, SPIFFE-ID section 2.3. */
const maxTrustDomainBytes = 255

/**
 * Reads a trust domain name. It is not a DNS name: `1.2.3.4`, `..` and `a_b` are valid, upper case
 * is not. Throws `ERR_TRUST_DOMAIN`.
 */
export function parseTrustDomain(text: string): TrustDomain {
  if (text === '') {
    throw new SpiffeError('ERR_TRUST_DOMAIN', 'trust domain is missing')
  }
  if (!isTrustDomainText(text)) {
    throw new SpiffeError(
      'ERR_TRUST_DOMAIN',
      'trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores',
    )
  }
  if (text.length > maxTrustDomainBytes) {
    throw new SpiffeError(
      'ERR_TRUST_DOMAIN',
      `trust domain is longer than ${maxTrustDomainBytes} bytes`,
    )
  }
  return text
}

function isTrustDomainText(text: string): text is TrustDomain {
  return /^[a-z0-9._-]+$/.test(text)
}
