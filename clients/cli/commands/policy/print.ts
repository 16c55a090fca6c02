/** A policy in one line. */

import type { Policy__Output } from '../../../../proto/gen/countersign/types/Policy.ts'
import { shown } from '../../output.ts'

export function policyLine(policy: Policy__Output): string {
  const { app, name, revision, digest } = policy
  return `${shown(name)}  ${shown(app)}  revision ${revision}  sha256:${digest.slice(0, 12)}`
}
