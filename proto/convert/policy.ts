/** Applied policies on the wire. */

import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { Policy__Output } from '../gen/countersign/types/Policy.ts'
import { secondsOf } from './instant.ts'

/** What is told of a policy. */
export interface PolicyFields {
  readonly app: SpiffeId
  readonly name: string
  readonly revision: number
  /** SHA-256 of the source, lower-case hex. */
  readonly digest: string
  readonly source: string
  readonly appliedAt: Date
}

/** The only kind there is so far. */
const kind = 'AccessPolicy'

export function policyToWire(policy: PolicyFields): Policy__Output {
  const { app, name, revision, digest, source, appliedAt } = policy
  return {
    app,
    name,
    kind,
    revision: String(revision),
    digest,
    source,
    appliedAt: secondsOf(appliedAt),
  }
}

/** All that is in force for an app, as agents and proxies get it. */
export function appPoliciesToWire(
  app: SpiffeId,
  policies: readonly PolicyFields[],
): { app: string; policies: Policy__Output[] } {
  return { app, policies: policies.map(policyToWire) }
}
