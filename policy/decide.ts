// The decision: an enforcing deny that matches denies, else an allow that matches allows, else
// deny. Constant work in the number of rules; the callers' strings are only ever map keys.

import type { SpiffeId } from '../spiffe/spiffe-id.ts'
import { type Call, type HttpCall, type McpCall, TOOL_CALL } from './call.ts'
import type {
  CallerIndex,
  CompiledPolicy,
  Grants,
  MatchedRule,
  NameIndex,
  PathIndex,
  PolicyDecision,
} from './compile.ts'
import type { DenyReason } from './reasons.ts'

/**
 * What a caller with any MCP allow rule may also send, unless a deny rule names it: the handshake
 * of either era, and `tools/list`, whose answer is filtered. The value tells notifications apart.
 */
const MCP_ACCESS: ReadonlyMap<string, { readonly isNotification: boolean }> = new Map([
  ['initialize', { isNotification: false }],
  ['server/discover', { isNotification: false }],
  ['ping', { isNotification: false }],
  ['tools/list', { isNotification: false }],
  ['notifications/initialized', { isNotification: true }],
  ['notifications/cancelled', { isNotification: true }],
])

/** Whether `caller` may make `call`, and the rule or the reason that settled it. */
export function decide(compiled: CompiledPolicy, caller: SpiffeId, call: Call): PolicyDecision {
  const denying = firstMatch(grantsFor(compiled.deny, caller), call)
  if (denying) return { verdict: 'deny', reason: 'rule-denies', policy: denying }

  const grants = grantsFor(compiled.allow, caller)
  const allowing = firstMatch(grants, call)
  if (allowing) return { verdict: 'allow', reason: 'rule-allows', policy: allowing }

  const access = call.kind === 'mcp' && isMcpAccess(call) ? mcpAccessRule(grants) : undefined
  if (access) return { verdict: 'allow', reason: 'mcp-access', policy: access }

  return { verdict: 'deny', reason: reasonFor(compiled, grants, call) }
}

/** Whether `tools/list` may show `tool` to `caller`: exactly when it could be called. */
export function allowsTool(compiled: CompiledPolicy, caller: SpiffeId, tool: string): boolean {
  const call: McpCall = { kind: 'mcp', method: TOOL_CALL, tool, isNotification: false }
  return decide(compiled, caller, call).verdict === 'allow'
}

/** Whether some rule allows `caller` some MCP call; deny rules are not looked at. */
export function hasAnyMcpAllow(compiled: CompiledPolicy, caller: SpiffeId): boolean {
  return mcpAccessRule(grantsFor(compiled.allow, caller)) !== undefined
}

/** Whether MCP access alone, without a rule that names the method, is enough for this call. */
export function isMcpAccess(call: McpCall): boolean {
  return MCP_ACCESS.get(call.method)?.isNotification === call.isNotification
}

function mcpAccessRule(grants: readonly Grants[]): MatchedRule | undefined {
  return grants.find((each) => each.mcp)?.mcp
}

/** What the index holds for the caller, the most specific pattern first. */
function grantsFor(index: CallerIndex, caller: SpiffeId): Grants[] {
  const found: Grants[] = []
  const exact = index.exact.get(caller)
  if (exact) found.push(exact)
  for (const prefix of prefixes(caller, index.longestPrefix)) {
    const under = index.under.get(prefix)
    if (under) found.push(under)
  }
  if (index.anyone) found.push(index.anyone)
  return found
}

/** The beginnings of `text` that end with a slash, the longest first. */
function* prefixes(text: string, longest: number): Generator<string> {
  let end = Math.min(text.length, longest)
  while (end > 0) {
    end = text.lastIndexOf('/', end - 1) + 1
    if (end > 0) yield text.slice(0, end)
    end--
  }
}

function firstMatch(grants: readonly Grants[], call: Call): MatchedRule | undefined {
  for (const each of grants) {
    const matched = match(each, call)
    if (matched) return matched
  }
  return undefined
}

function match(grants: Grants, call: Call): MatchedRule | undefined {
  switch (call.kind) {
    case 'mcp':
      return matchMcp(grants, call)
    case 'http':
      return matchHttp(grants.http, call)
    case 'tcp':
      return grants.tcp
  }
}

function matchMcp(grants: Grants, call: McpCall): MatchedRule | undefined {
  if (call.method !== TOOL_CALL) return named(grants.methods, call.method)
  return call.tool === undefined ? undefined : named(grants.tools, call.tool)
}

function matchHttp(index: NameIndex<PathIndex>, call: HttpCall): MatchedRule | undefined {
  const exact = index.exact.get(call.method)
  return (exact && matchPath(exact, call.path)) ?? (index.any && matchPath(index.any, call.path))
}

function matchPath(index: PathIndex, path: string): MatchedRule | undefined {
  const exact = index.exact.get(path)
  if (exact) return exact
  for (const prefix of prefixes(path, index.longestPrefix)) {
    const under = index.under.get(prefix)
    if (under) return under
  }
  return undefined
}

function named<T>(index: NameIndex<T>, name: string): T | undefined {
  return index.exact.get(name) ?? index.any
}

/** Which step of the way from caller to subject found nothing. */
function reasonFor(compiled: CompiledPolicy, grants: readonly Grants[], call: Call): DenyReason {
  if (compiled.policies.length === 0) return 'no-policy'
  if (compiled.ruleCount === 0) return 'no-rules'
  if (grants.length === 0) return 'caller-not-allowed'
  switch (call.kind) {
    case 'mcp':
      if (!mcpAccessRule(grants)) return 'protocol-not-allowed'
      return call.method === TOOL_CALL ? 'tool-not-allowed' : 'method-not-allowed'
    case 'http':
      return httpReason(grants, call.method)
    case 'tcp':
      return 'protocol-not-allowed'
  }
}

function httpReason(grants: readonly Grants[], method: string): DenyReason {
  if (!grants.some(({ http }) => http.any ?? http.exact.size > 0)) return 'protocol-not-allowed'
  return grants.some(({ http }) => named(http, method)) ? 'path-not-allowed' : 'method-not-allowed'
}
