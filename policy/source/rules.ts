// The `rules` and `tests` of a policy document.

import { type Call, TOOL_CALL } from '../call.ts'
import { POLICY_LIMITS } from '../limits.ts'
import type { Names, PolicyTest, Rule } from '../rule.ts'
import { type Place, readList, readMapping, readText, readWord, report } from './place.ts'
import { readHttpScope, readMcpScope, readTcpScope } from './scopes.ts'
import { type AppIdDefaults, readCallers, readId } from './subjects.ts'

/** What the rules and tests of one document are read with. */
export interface RuleContext extends AppIdDefaults {
  /** The line of an offset in the policy's own source, from 1. */
  readonly lineOf: (offset: number) => number
}

/** `spec.rules`: a list that may be empty, which lets nobody in. */
export function readRules(place: Place, context: RuleContext): Rule[] {
  const items = readList(place, 'rules', { min: 0, max: POLICY_LIMITS.maxRules }) ?? []
  const rules = items.flatMap((item) => readRule(item, context) ?? [])
  const entries = rules.reduce((sum, rule) => sum + indexEntries(rule), 0)
  if (entries > POLICY_LIMITS.maxIndexEntries) {
    const message = `expected at most ${POLICY_LIMITS.maxIndexEntries} pairs of caller and subject`
    report(place, `${message}, found ${entries}`, 'shorten the lists, or use a namespace or "*"')
  }
  return rules
}

function readRule(place: Place, context: RuleContext): Rule | undefined {
  const members = readMapping(place, {
    required: ['callers'],
    optional: ['effect', 'mcp', 'http', 'tcp'],
  })
  if (!members) return undefined
  const at = (name: string) => members.get(name)
  const [effect, callers, mcp, http, tcp] = ['effect', 'callers', 'mcp', 'http', 'tcp'].map(at)
  if (!mcp && !http && !tcp) {
    report(
      place,
      'expected mcp, http or tcp',
      'say what the rule covers, such as mcp: {tools: [...]}',
    )
  }
  const mcpScope = mcp && readMcpScope(mcp)
  const httpScope = http && readHttpScope(http)
  return {
    effect: (effect && readWord(effect, ['allow', 'deny'])) ?? 'allow',
    callers: (callers && readCallers(callers, context)) ?? [],
    ...(mcpScope && { mcp: mcpScope }),
    ...(httpScope && { http: httpScope }),
    tcp: tcp !== undefined && readTcpScope(tcp),
    line: context.lineOf(place.offset),
  }
}

function indexEntries({ callers, mcp, http, tcp }: Rule): number {
  const subjects =
    (mcp ? count(mcp.methods) + count(mcp.tools) : 0) +
    (http ? count(http.methods) * http.paths.length : 0) +
    (tcp ? 1 : 0)
  return callers.length * subjects
}

function count(names: Names): number {
  return names === 'any' ? 1 : names.length
}

/** `spec.tests`. */
export function readTests(place: Place, context: RuleContext): PolicyTest[] {
  const items = readList(place, 'tests', { min: 0, max: POLICY_LIMITS.maxTests }) ?? []
  return items.flatMap((item) => readTest(item, context) ?? [])
}

function readTest(place: Place, context: RuleContext): PolicyTest | undefined {
  const members = readMapping(place, { required: ['caller', 'call', 'expect'] })
  const at = (name: string) => members?.get(name)
  const [callerPlace, callPlace, expectPlace] = ['caller', 'call', 'expect'].map(at)
  const caller = callerPlace && readId(callerPlace, context)
  const call = callPlace && readCall(callPlace)
  const expect = expectPlace && readWord(expectPlace, ['allow', 'deny'])
  if (!caller || !call || !expect) return undefined
  const { offset, problems } = place
  return { caller, call, expect, line: context.lineOf(offset), column: problems.columnOf(offset) }
}

/** `{mcp: {tool: NAME}}`, `{mcp: {method: NAME}}`, `{http: {method, path}}` or `{tcp: {}}`. */
function readCall(place: Place): Call | undefined {
  const members = readMapping(place, { required: [], optional: ['mcp', 'http', 'tcp'] })
  if (!members) return undefined
  const [only, ...others] = members
  if (!only || others.length > 0) {
    report(place, 'expected exactly one of mcp, http and tcp', 'write one call per test')
    return undefined
  }
  const [kind, detail] = only
  if (kind === 'mcp') return readMcpCall(detail)
  if (kind === 'http') return readHttpCall(detail)
  return readMapping(detail, { required: [] }) && { kind: 'tcp' }
}

function readMcpCall(place: Place): Call | undefined {
  const members = readMapping(place, { required: [], optional: ['method', 'tool'] })
  if (!members) return undefined
  const methodPlace = members.get('method')
  const toolPlace = members.get('tool')
  const method = methodPlace ? readText(methodPlace, 'an MCP method') : TOOL_CALL
  const tool = toolPlace && readText(toolPlace, 'a tool')
  if (method === undefined) return undefined
  if ((method === TOOL_CALL) !== (toolPlace !== undefined)) {
    report(place, `expected a tool with ${TOOL_CALL} and only there`, 'write tool or method')
    return undefined
  }
  const isNotification = method.startsWith('notifications/')
  return { kind: 'mcp', method, ...(tool !== undefined && { tool }), isNotification }
}

function readHttpCall(place: Place): Call | undefined {
  const members = readMapping(place, { required: ['method', 'path'] })
  const methodPlace = members?.get('method')
  const pathPlace = members?.get('path')
  const method = methodPlace && readText(methodPlace, 'an HTTP method')
  const path = pathPlace && readText(pathPlace, 'a path')
  return method !== undefined && path !== undefined ? { kind: 'http', method, path } : undefined
}
