// Turns the policies of one app into an index, so that a decision costs a few map look-ups however
// many rules there are. The order of policies and rules changes no verdict; it only settles, by
// name and position, which of several matching rules is the one that is reported.

import type { SpiffeId } from '../spiffe/spiffe-id.ts'
import type { AccessPolicy } from './access-policy.ts'
import type { AllowReason, DenyReason } from './reasons.ts'
import type { CallerPattern, HttpScope, McpScope, Names, PathPattern, Rule } from './rule.ts'

/** A policy as it is in force: its text and what identifies that text. */
export interface PolicyRevision {
  readonly policy: AccessPolicy
  /** Store revision of the app's policies, in decimal. */
  readonly revision: string
  /** SHA-256 of `policy.source`, lower-case hex. */
  readonly digest: string
}

/** The rule that settled a decision. */
export interface MatchedRule {
  readonly name: string
  readonly revision: string
  readonly digest: string
  /** Position in `spec.rules`, from 0. */
  readonly rule: number
  /** Line of the rule in the policy's source, from 1. */
  readonly line: number
}

/** The answer to one call. */
export type PolicyDecision =
  | { readonly verdict: 'allow'; readonly reason: AllowReason; readonly policy: MatchedRule }
  | { readonly verdict: 'deny'; readonly reason: DenyReason; readonly policy?: MatchedRule }

/** Subjects by exact name, and the rule that covers all of them if there is one. */
export interface NameIndex<T> {
  readonly exact: ReadonlyMap<string, T>
  readonly any: T | undefined
}

/** Paths by exact text and by prefix; `longestPrefix` bounds the look-ups for a long path. */
export interface PathIndex {
  readonly exact: ReadonlyMap<string, MatchedRule>
  readonly under: ReadonlyMap<string, MatchedRule>
  readonly longestPrefix: number
}

/** What the rules of one effect say about one caller pattern. */
export interface Grants {
  /** The first rule with an `mcp` part. */
  readonly mcp: MatchedRule | undefined
  readonly methods: NameIndex<MatchedRule>
  readonly tools: NameIndex<MatchedRule>
  readonly http: NameIndex<PathIndex>
  readonly tcp: MatchedRule | undefined
}

/** The rules of one effect, by caller. */
export interface CallerIndex {
  readonly exact: ReadonlyMap<string, Grants>
  readonly under: ReadonlyMap<string, Grants>
  readonly longestPrefix: number
  readonly anyone: Grants | undefined
}

/** All policies of one app, ready for `decide`. */
export interface CompiledPolicy {
  /** In order of name. */
  readonly policies: readonly PolicyRevision[]
  readonly ruleCount: number
  readonly allow: CallerIndex
  readonly deny: CallerIndex
}

/**
 * Compiles the policies of one app. An empty list is an app without a policy: every call is denied.
 *
 * @throws TypeError when the policies are of several apps or two have the same name
 */
export function compilePolicies(policies: readonly PolicyRevision[]): CompiledPolicy {
  const sorted = [...policies].sort((a, b) => compareText(a.policy.name, b.policy.name))
  refuseMixture(sorted)
  const allow = new CallerIndexBuilder()
  const deny = new CallerIndexBuilder()
  let ruleCount = 0
  for (const { policy, revision, digest } of sorted) {
    for (const [position, rule] of policy.rules.entries()) {
      const matched = { name: policy.name, revision, digest, rule: position, line: rule.line }
      const index = rule.effect === 'allow' ? allow : deny
      index.add(rule, matched)
      ruleCount++
    }
  }
  return { policies: sorted, ruleCount, allow, deny }
}

function refuseMixture(sorted: readonly PolicyRevision[]): void {
  let previous: { name: string; app: SpiffeId } | undefined
  for (const { policy } of sorted) {
    if (previous && policy.app !== previous.app) {
      throw new TypeError(`policies of two apps: ${previous.app} and ${policy.app}`)
    }
    if (policy.name === previous?.name) {
      throw new TypeError(`two policies named ${policy.name} for ${policy.app}`)
    }
    previous = policy
  }
}

// By code unit: the same on every machine and in every locale.
function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

class CallerIndexBuilder implements CallerIndex {
  readonly exact = new Map<string, GrantsBuilder>()
  readonly under = new Map<string, GrantsBuilder>()
  longestPrefix = 0
  anyone: GrantsBuilder | undefined

  add(rule: Rule, matched: MatchedRule): void {
    for (const pattern of rule.callers) {
      for (const grants of this.#grantsOf(pattern)) grants.add(rule, matched)
    }
  }

  #grantsOf(pattern: CallerPattern): GrantsBuilder[] {
    switch (pattern.kind) {
      case 'anyone':
        this.anyone ??= new GrantsBuilder()
        return [this.anyone]
      case 'exact':
        return [this.#at(this.exact, pattern.id)]
      case 'under':
        return [this.#under(pattern.prefix)]
      case 'trust-domain': {
        // The ID of the trust domain itself has no path and so no slash to be found under.
        const id = `spiffe://${pattern.trustDomain}`
        return [this.#at(this.exact, id), this.#under(`${id}/`)]
      }
    }
  }

  #under(prefix: string): GrantsBuilder {
    this.longestPrefix = Math.max(this.longestPrefix, prefix.length)
    return this.#at(this.under, prefix)
  }

  #at(map: Map<string, GrantsBuilder>, key: string): GrantsBuilder {
    const found = map.get(key)
    if (found) return found
    const made = new GrantsBuilder()
    map.set(key, made)
    return made
  }
}

class GrantsBuilder implements Grants {
  mcp: MatchedRule | undefined
  readonly methods = new NameIndexBuilder<MatchedRule>()
  readonly tools = new NameIndexBuilder<MatchedRule>()
  readonly http = new NameIndexBuilder<PathIndexBuilder>()
  tcp: MatchedRule | undefined

  add(rule: Rule, matched: MatchedRule): void {
    if (rule.mcp) this.#addMcp(rule.mcp, matched)
    if (rule.http) this.#addHttp(rule.http, matched)
    if (rule.tcp) this.tcp ??= matched
  }

  #addMcp(scope: McpScope, matched: MatchedRule): void {
    this.mcp ??= matched
    this.methods.put(scope.methods, () => matched)
    this.tools.put(scope.tools, () => matched)
  }

  #addHttp(scope: HttpScope, matched: MatchedRule): void {
    const indexes = this.http.put(scope.methods, () => new PathIndexBuilder())
    for (const index of indexes) index.add(scope.paths, matched)
  }
}

class NameIndexBuilder<T> implements NameIndex<T> {
  readonly exact = new Map<string, T>()
  // Not a key of the map: a caller may send any name, also `*`.
  any: T | undefined

  /** What is kept under each of the names; what came first stays. */
  put(names: Names, make: () => T): T[] {
    if (names === 'any') {
      this.any ??= make()
      return [this.any]
    }
    return names.map((name) => {
      const value = this.exact.get(name) ?? make()
      this.exact.set(name, value)
      return value
    })
  }
}

class PathIndexBuilder implements PathIndex {
  readonly exact = new Map<string, MatchedRule>()
  readonly under = new Map<string, MatchedRule>()
  longestPrefix = 0

  add(paths: readonly PathPattern[], matched: MatchedRule): void {
    for (const pattern of paths) {
      if (pattern.kind === 'exact') {
        this.#first(this.exact, pattern.path, matched)
      } else {
        this.#first(this.under, pattern.prefix, matched)
        this.longestPrefix = Math.max(this.longestPrefix, pattern.prefix.length)
      }
    }
  }

  #first(map: Map<string, MatchedRule>, key: string, matched: MatchedRule): void {
    if (!map.has(key)) map.set(key, matched)
  }
}
