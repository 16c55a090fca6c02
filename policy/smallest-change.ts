// Edits of a policy that would let one call through and nothing else.

import { pathOf, type SpiffeId } from '../spiffe/spiffe-id.ts'
import { type Call, type McpCall, TOOL_CALL } from './call.ts'
import type { MatchedRule } from './compile.ts'
import type { HttpScope, Names, Rule } from './rule.ts'
import { isNameText } from './source/place.ts'
import { isExactName, isExactPath, isHttpMethod } from './source/scopes.ts'

/** One edit of a policy. */
export type PolicyChange =
  /** Remove this deny rule, or narrow it so that it no longer covers the call. */
  | { readonly kind: 'narrow-deny'; readonly rule: MatchedRule }
  /** Add a value to a list of this allow rule. It allows this call and nothing more. */
  | {
      readonly kind: 'extend-rule'
      readonly rule: MatchedRule
      readonly list: 'callers' | 'mcp.methods' | 'mcp.tools' | 'http.paths'
      readonly value: string
    }
  /** Add this rule, one line of YAML, to any policy of the app. */
  | { readonly kind: 'add-rule'; readonly rule: string }

/**
 * The smallest edit that allows this call, deny rules aside: a word more in a rule that then allows
 * nothing else, or a rule of its own. Undefined when no policy can name the call.
 */
export function smallestGrant(
  allowing: readonly { readonly rule: Rule; readonly matched: MatchedRule }[],
  caller: SpiffeId,
  call: Call,
): PolicyChange | undefined {
  if (!isNameable(caller, call)) return undefined
  for (const { rule, matched } of allowing) {
    const extension = isOnlyCaller(rule, caller) ? subjectExtension(rule, call) : undefined
    if (extension) return { kind: 'extend-rule', rule: matched, ...extension }
    if (coversOnly(rule, call)) {
      return { kind: 'extend-rule', rule: matched, list: 'callers', value: caller }
    }
  }
  return { kind: 'add-rule', rule: ruleFor(caller, call) }
}

/** Whether a policy can allow exactly this call: none can name a tool `*`, for example. */
function isNameable(caller: SpiffeId, call: Call): boolean {
  if (pathOf(caller) === '') return false
  switch (call.kind) {
    case 'mcp': {
      const name = call.method === TOOL_CALL ? call.tool : call.method
      return name !== undefined && isNameText(name) && isExactName(name)
    }
    case 'http':
      return isHttpMethod(call.method) && isNameText(call.path) && isExactPath(call.path)
    case 'tcp':
      return true
  }
}

function isOnlyCaller({ callers: [only, ...others] }: Rule, caller: SpiffeId): boolean {
  return others.length === 0 && only?.kind === 'exact' && only.id === caller
}

type Extension = Pick<Extract<PolicyChange, { kind: 'extend-rule' }>, 'list' | 'value'>

function subjectExtension({ mcp, http }: Rule, call: Call): Extension | undefined {
  if (call.kind === 'mcp' && mcp)
    return mcpExtension(call, mcp.tools.length > 0, mcp.methods.length > 0)
  if (call.kind === 'http' && http && isOnly(http.methods, call.method)) {
    return { list: 'http.paths', value: call.path }
  }
  return undefined
}

// Only a list that is there is extended.
function mcpExtension(
  call: McpCall,
  hasTools: boolean,
  hasMethods: boolean,
): Extension | undefined {
  if (call.method !== TOOL_CALL) {
    return hasMethods ? { list: 'mcp.methods', value: call.method } : undefined
  }
  return hasTools && call.tool !== undefined ? { list: 'mcp.tools', value: call.tool } : undefined
}

/** Whether the rule allows this one call and nothing beside it, but for who makes it. */
function coversOnly({ mcp, http, tcp }: Rule, call: Call): boolean {
  switch (call.kind) {
    case 'mcp':
      // An MCP rule brings the handshake with it, so that it is never one call alone; a caller who
      // is let in for a tool needs that anyway.
      return (
        !http &&
        !tcp &&
        call.method === TOOL_CALL &&
        mcp?.methods.length === 0 &&
        isOnly(mcp.tools, call.tool)
      )
    case 'http':
      return !mcp && !tcp && isOnlyRequest(http, call.method, call.path)
    case 'tcp':
      return tcp && !mcp && !http
  }
}

function isOnlyRequest(http: HttpScope | undefined, method: string, path: string): boolean {
  if (!http || !isOnly(http.methods, method)) return false
  const [only, ...others] = http.paths
  return others.length === 0 && only?.kind === 'exact' && only.path === path
}

function isOnly(names: Names, name: string | undefined): boolean {
  return names !== 'any' && names.length === 1 && names[0] === name
}

/** The rule that allows this call, as a line of YAML; every text in it is quoted. */
function ruleFor(caller: SpiffeId, call: Call): string {
  return `{callers: [${JSON.stringify(caller)}], ${subjectFor(call)}}`
}

function subjectFor(call: Call): string {
  switch (call.kind) {
    case 'mcp':
      return call.method === TOOL_CALL
        ? `mcp: {tools: [${JSON.stringify(call.tool)}]}`
        : `mcp: {methods: [${JSON.stringify(call.method)}]}`
    case 'http': {
      const [method, path] = [call.method, call.path].map((text) => JSON.stringify(text))
      return `http: {methods: [${method}], paths: [${path}]}`
    }
    case 'tcp':
      return 'tcp: "*"'
  }
}
