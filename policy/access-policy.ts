// AccessPolicy: what may be done to one App ID, and by whom. docs/policy.md describes the format.

import type { SpiffeId } from '../spiffe/spiffe-id.ts'
import type { Call } from './call.ts'
import type { Rule } from './rule.ts'

/** One inline test of a policy: what a call must come to once the policy is in force. */
export interface PolicyTest {
  readonly caller: SpiffeId
  readonly call: Call
  readonly expect: 'allow' | 'deny'
  /** Line in the policy's own source, from 1. */
  readonly line: number
}

/** One AccessPolicy document. A policy is identified by its name within its app. */
export interface AccessPolicy {
  readonly name: string
  /** The App ID that it protects. */
  readonly app: SpiffeId
  /** Empty means that the policy lets nobody in. */
  readonly rules: readonly Rule[]
  readonly tests: readonly PolicyTest[]
  /** The YAML text of this document alone; its digest names the policy in records. */
  readonly source: string
}
