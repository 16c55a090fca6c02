/** App IDs: the short names under which workloads are addressed, `/ns/<namespace>/<app-id>`. */

import { makeSpiffeId, parseSpiffeId, pathOf, type SpiffeId } from '../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../spiffe/trust-domain.ts'
import { invalid } from './registration-error.ts'

/** Namespace of an App ID that names none. */
export const defaultNamespace = 'default'

/** The SPIFFE ID of an app. Throws a SpiffeError when a part cannot be a path segment. */
export function appSpiffeId(trustDomain: TrustDomain, namespace: string, appId: string): SpiffeId {
  return makeSpiffeId(trustDomain, `/ns/${namespace}/${appId}`)
}

/**
 * The SPIFFE ID that is meant by `inventory`, `shop/inventory` or a whole SPIFFE ID. Throws a
 * SpiffeError or a RegistrationError.
 */
export function parseAppId(text: string, trustDomain: TrustDomain): SpiffeId {
  if (text.includes(':')) {
    const id = parseSpiffeId(text)
    if (pathOf(id) === '') throw invalid('path is missing')
    return id
  }
  const [first = '', second, ...more] = text.split('/')
  if (more.length > 0) throw invalid('an App ID has at most one slash')
  return second === undefined
    ? appSpiffeId(trustDomain, defaultNamespace, first)
    : appSpiffeId(trustDomain, first, second)
}
