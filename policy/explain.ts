// Why a call came out as it did, and the smallest change of policy that would have allowed it. Looks
// at every rule, one by one: for a person who asks, never on the way of a call.

import { type SpiffeId, trustDomainOf } from '../spiffe/spiffe-id.ts'
import { type Call, TOOL_CALL } from './call.ts'
import type { CompiledPolicy, MatchedRule, PolicyDecision } from './compile.ts'
import { decide, isMcpAccess } from './decide.ts'
import type { CallerPattern, Names, PathPattern, Rule } from './rule.ts'
import { type PolicyChange, smallestGrant } from './smallest-change.ts'

/** What a rule would have had to match and did not. */
export type Miss = 'caller' | 'protocol' | 'method' | 'tool' | 'path'

/** The answer to "why". */
export interface Explanation {
  readonly decision: PolicyDecision
  /** Every deny rule that covers the call. */
  readonly deniedBy: readonly MatchedRule[]
  /** The allow rule that missed by least, when none allows the call. */
  readonly nearest?: { readonly rule: MatchedRule; readonly misses: readonly Miss[] }
  /** All edits that are needed together; empty when the call is allowed or no policy can name it. */
  readonly changes: readonly PolicyChange[]
}

/** Explains what `decide` answers for the same three arguments. */
export function explain(compiled: CompiledPolicy, caller: SpiffeId, call: Call): Explanation {
  const decision = decide(compiled, caller, call)
  if (decision.verdict === 'allow') return { decision, deniedBy: [], changes: [] }

  const candidates = candidatesFor(compiled, caller, call)
  const denying = candidates.filter(({ rule, misses }) => isDeny(rule) && misses.length === 0)
  const allowing = candidates.filter(({ rule }) => !isDeny(rule))
  const deniedBy = denying.map(({ matched }) => matched)
  const narrowing = deniedBy.map((rule): PolicyChange => ({ kind: 'narrow-deny', rule }))
  if (isAllowedWithoutDenials(allowing, call)) return { decision, deniedBy, changes: narrowing }

  const [nearest] = allowing.sort((a, b) => distance(a.misses) - distance(b.misses))
  const grant = smallestGrant(allowing, caller, call)
  return {
    decision,
    deniedBy,
    ...(nearest && { nearest: { rule: nearest.matched, misses: nearest.misses } }),
    changes: grant ? [...narrowing, grant] : [],
  }
}

interface Candidate {
  readonly rule: Rule
  readonly matched: MatchedRule
  readonly misses: readonly Miss[]
}

function candidatesFor(compiled: CompiledPolicy, caller: SpiffeId, call: Call): Candidate[] {
  return compiled.policies.flatMap(({ policy, revision, digest }) =>
    policy.rules.map((rule, position) => ({
      rule,
      matched: { name: policy.name, revision, digest, rule: position, line: rule.line },
      misses: missesOf(rule, caller, call),
    })),
  )
}

function isDeny(rule: Rule): boolean {
  return rule.effect === 'deny'
}

function isAllowedWithoutDenials(allowing: readonly Candidate[], call: Call): boolean {
  const givesAccess = ({ rule, misses }: Candidate) => rule.mcp && !misses.includes('caller')
  return (
    allowing.some(({ misses }) => misses.length === 0) ||
    (call.kind === 'mcp' && isMcpAccess(call) && allowing.some(givesAccess))
  )
}

// A rule of another protocol is further away than one that lacks a name; between two that lack as
// much, the one that already speaks of this caller is nearer.
function distance(misses: readonly Miss[]): number {
  const weights = { caller: 3, protocol: 4, method: 2, tool: 2, path: 2 } as const
  return misses.reduce((sum, miss) => sum + weights[miss], 0)
}

function missesOf(rule: Rule, caller: SpiffeId, call: Call): Miss[] {
  const ofCaller: Miss[] = rule.callers.some((each) => isCaller(each, caller)) ? [] : ['caller']
  return [...ofCaller, ...subjectMisses(rule, call)]
}

function isCaller(pattern: CallerPattern, caller: SpiffeId): boolean {
  switch (pattern.kind) {
    case 'anyone':
      return true
    case 'exact':
      return pattern.id === caller
    case 'under':
      return caller.startsWith(pattern.prefix)
    case 'trust-domain':
      return trustDomainOf(caller) === pattern.trustDomain
  }
}

function subjectMisses(rule: Rule, call: Call): Miss[] {
  switch (call.kind) {
    case 'mcp': {
      if (!rule.mcp) return ['protocol']
      if (call.method !== TOOL_CALL)
        return includes(rule.mcp.methods, call.method) ? [] : ['method']
      const isNamed = call.tool !== undefined && includes(rule.mcp.tools, call.tool)
      return isNamed ? [] : ['tool']
    }
    case 'http': {
      if (!rule.http) return ['protocol']
      const method: Miss[] = includes(rule.http.methods, call.method) ? [] : ['method']
      const path: Miss[] = rule.http.paths.some((each) => isPath(each, call.path)) ? [] : ['path']
      return [...method, ...path]
    }
    case 'tcp':
      return rule.tcp ? [] : ['protocol']
  }
}

function includes(names: Names, name: string): boolean {
  return names === 'any' || names.includes(name)
}

function isPath(pattern: PathPattern, path: string): boolean {
  return pattern.kind === 'exact' ? pattern.path === path : path.startsWith(pattern.prefix)
}
