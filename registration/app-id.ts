/** App IDs: the short names under which workloads are addressed, `/ns/<namespace>/<app-id>`. */

import { makeSpiffeId, type SpiffeId } from '../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../spiffe/trust-domain.ts'

/** Namespace of an App ID that names none. */
export const defaultNamespace = 'default'

/** The SPIFFE ID of an app. Throws a SpiffeError when a part cannot be a path segment. */
export function appSpiffeId(trustDomain: TrustDomain, namespace: string, appId: string): SpiffeId {
  return makeSpiffeId(trustDomain, `/ns/${namespace}/${appId}`)
}
