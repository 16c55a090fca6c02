import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSpiffeId, type SpiffeId } from '../spiffe/spiffe-id.ts'
import { parseTrustDomain } from '../spiffe/trust-domain.ts'
import {
  callers,
  calls,
  LOCAL_TRUST_DOMAIN,
  narrowRules,
  policyText,
  type WrittenRule,
  writtenRules,
} from '../test/support/random-policies.ts'
import { type AccessPolicy, parseAccessPolicies } from './access-policy.ts'
import type { Call } from './call.ts'
import { type CompiledPolicy, compilePolicies } from './compile.ts'
import { decide, isMcpAccess } from './decide.ts'
import { explain } from './explain.ts'
import type { Rule } from './rule.ts'
import type { PolicyChange } from './smallest-change.ts'

const trustDomain = parseTrustDomain(LOCAL_TRUST_DOMAIN)
const app = (name: string): SpiffeId => parseSpiffeId(`spiffe://${LOCAL_TRUST_DOMAIN}/ns/${name}`)
const tool = (name: string): Call => ({
  kind: 'mcp',
  method: 'tools/call',
  tool: name,
  isNotification: false,
})

function parse(text: string): AccessPolicy {
  const [policy] = parseAccessPolicies(text, 'p.yaml', trustDomain)
  assert.ok(policy)
  return policy
}

function compile(...policies: AccessPolicy[]): CompiledPolicy {
  return compilePolicies(policies.map((policy) => ({ policy, revision: '1', digest: '' })))
}

const written = (...rules: WrittenRule[]) => compile(parse(policyText('p', rules)))

function applied(policy: AccessPolicy, changes: readonly PolicyChange[]): AccessPolicy {
  const removed = new Set<number>()
  const rules = new Map<number, Rule>(policy.rules.entries())
  const added: Rule[] = []
  for (const change of changes) {
    if (change.kind === 'narrow-deny') {
      removed.add(change.rule.rule)
    } else if (change.kind === 'extend-rule') {
      const rule = rules.get(change.rule.rule)
      assert.ok(rule)
      rules.set(change.rule.rule, extended(rule, change.list, change.value))
    } else {
      const text = policyText('p', []).replace('"rules":[]', `"rules":[${change.rule}]`)
      added.push(...parse(text).rules)
    }
  }
  const kept = [...rules].filter(([position]) => !removed.has(position)).map(([, rule]) => rule)
  return { ...policy, rules: [...kept, ...added] }
}

function extended(rule: Rule, list: string, value: string): Rule {
  const { mcp, http } = rule
  if (list === 'callers') {
    return { ...rule, callers: [...rule.callers, { kind: 'exact', id: parseSpiffeId(value) }] }
  }
  if (list === 'http.paths') {
    assert.ok(http)
    return { ...rule, http: { ...http, paths: [...http.paths, { kind: 'exact', path: value }] } }
  }
  assert.ok(mcp && list.startsWith('mcp.'))
  const key = list === 'mcp.tools' ? 'tools' : 'methods'
  assert.ok(mcp[key] !== 'any')
  return { ...rule, mcp: { ...mcp, [key]: [...mcp[key], value] } }
}

/** What a rule can name of a call: it does not tell requests from notifications. */
const subject = (call: Call) => JSON.stringify({ ...call, isNotification: undefined })

const allCallers = fc.sample(callers, { numRuns: 200, seed: 1 }).map(parseSpiffeId)
const allCalls = fc.sample(calls, { numRuns: 60, seed: 2 })

test('the changes allow the call, and what they grant is that call alone [REC-18]', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(fc.oneof(writtenRules, narrowRules), callers, calls, (rules, id, call) => {
      const policy = parse(policyText('p', rules))
      const caller = parseSpiffeId(id)
      const compiled = compile(policy)
      const { decision, changes, deniedBy } = explain(compiled, caller, call)
      assert.deepEqual(decision, decide(compiled, caller, call))
      if (decision.verdict === 'allow') {
        assert.deepEqual([changes, deniedBy], [[], []])
        return
      }
      if (changes.length === 0) return
      for (const { kind } of changes) seen.add(kind)
      const changed = compile(applied(policy, changes))
      assert.equal(decide(changed, caller, call).verdict, 'allow')
      if (deniedBy.length > 0) return
      for (const other of new Set(allCallers)) {
        for (const each of allCalls) {
          const before = decide(compiled, other, each).verdict
          const after = decide(changed, other, each).verdict
          const isGranted = subject(each) === subject(call)
          const isAccess = each.kind === 'mcp' && isMcpAccess(each)
          if (other === caller && (isGranted || isAccess)) continue
          assert.equal(after, before, JSON.stringify([changes, other, each]))
        }
      }
    }),
    { numRuns: 800 },
  )
  assert.deepEqual([...seen].sort(), ['add-rule', 'extend-rule', 'narrow-deny'])
})

test('a tool that is missing from the caller’s own rule is added to that rule', () => {
  const compiled = written({ callers: ['x'], mcp: { tools: ['a'] } })
  const { nearest, changes } = explain(compiled, app('default/x'), tool('b'))
  assert.deepEqual(nearest?.misses, ['tool'])
  assert.deepEqual(changes, [
    { kind: 'extend-rule', rule: nearest.rule, list: 'mcp.tools', value: 'b' },
  ])
})

test('a rule that others share is not widened: the caller gets a rule of its own', () => {
  const compiled = written({ callers: ['x', 'y'], mcp: { tools: ['a', 'c'] } })
  assert.deepEqual(explain(compiled, app('default/x'), tool('b')).changes, [
    {
      kind: 'add-rule',
      rule: '{callers: ["spiffe://a.org/ns/default/x"], mcp: {tools: ["b"]}}',
    },
  ])
})

test('the nearest rule is one of this caller before one of this tool', () => {
  const compiled = written(
    { callers: ['y'], mcp: { tools: ['b', 'c'] } },
    { callers: ['x'], http: '*' },
    { callers: ['x', 'y'], mcp: { tools: ['a'] } },
  )
  const { nearest } = explain(compiled, app('default/x'), tool('b'))
  assert.equal(nearest?.rule.rule, 2)
  assert.deepEqual(nearest.misses, ['tool'])
  const stranger = explain(compiled, app('default/z'), tool('b'))
  assert.equal(stranger.nearest?.rule.rule, 0)
  assert.deepEqual(stranger.nearest.misses, ['caller'])
})

test('every deny rule that covers the call is named, and an allow rule where one is missing', () => {
  const compiled = written(
    { effect: 'deny', callers: '*', mcp: { tools: ['a'] } },
    { effect: 'deny', callers: ['x'], mcp: '*' },
    { effect: 'deny', callers: ['y'], mcp: '*' },
  )
  const { deniedBy, changes, nearest } = explain(compiled, app('default/x'), tool('a'))
  assert.deepEqual(
    deniedBy.map(({ rule }) => rule),
    [0, 1],
  )
  assert.equal(nearest, undefined)
  assert.deepEqual(
    changes.map(({ kind }) => kind),
    ['narrow-deny', 'narrow-deny', 'add-rule'],
  )
})

test('nothing is proposed for a name that no policy can hold', () => {
  const compiled = written({ callers: ['x'], mcp: { tools: ['a'] } })
  for (const name of ['*', 'get_*', '', 'a\nb', 'x'.repeat(10_000)]) {
    assert.deepEqual(explain(compiled, app('default/x'), tool(name)).changes, [], name)
  }
  const request: Call = { kind: 'http', method: 'GET', path: '/a/*' }
  assert.deepEqual(explain(compiled, app('default/x'), request).changes, [])
})
