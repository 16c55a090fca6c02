// The rules and tests of an AccessPolicy after its text was read: every short form is resolved, every name
// is checked. A rule says who (callers) may or may not do what (mcp, http, tcp).

import type { SpiffeId } from '../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../spiffe/trust-domain.ts'
import type { Call } from './call.ts'

/** Who a rule speaks of. */
export type CallerPattern =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'trust-domain'; readonly trustDomain: TrustDomain }
  /** Every SPIFFE ID that begins with `prefix`, which always ends with a slash. */
  | { readonly kind: 'under'; readonly prefix: string }
  | { readonly kind: 'exact'; readonly id: SpiffeId }

/** Exact names, or all of them. A name is compared as it is: no pattern, no case folding. */
export type Names = 'any' | readonly string[]

/** Paths of HTTP requests. */
export type PathPattern =
  | { readonly kind: 'exact'; readonly path: string }
  /** Every path that begins with `prefix`, which always ends with a slash. */
  | { readonly kind: 'under'; readonly prefix: string }

/** MCP calls: `tools` are the tools of `tools/call`, `methods` every other JSON-RPC method. */
export interface McpScope {
  readonly methods: Names
  readonly tools: Names
}

/** HTTP requests whose method and path both match. */
export interface HttpScope {
  readonly methods: Names
  readonly paths: readonly PathPattern[]
}

/** One rule of `spec.rules`. */
export interface Rule {
  readonly effect: 'allow' | 'deny'
  readonly callers: readonly CallerPattern[]
  readonly mcp?: McpScope
  readonly http?: HttpScope
  /** True when the rule covers TCP connections. */
  readonly tcp: boolean
  /** Line in the policy's own source, from 1. */
  readonly line: number
}

/** One inline test of `spec.tests`: what a call must come to once the policy is in force. */
export interface PolicyTest {
  readonly caller: SpiffeId
  readonly call: Call
  readonly expect: 'allow' | 'deny'
  /** Line in the policy's own source, from 1. */
  readonly line: number
  /** From 1, in UTF-16 code units. */
  readonly column: number
}
