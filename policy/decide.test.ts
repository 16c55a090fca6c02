import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSpiffeId, type SpiffeId } from '../spiffe/spiffe-id.ts'
import { parseTrustDomain } from '../spiffe/trust-domain.ts'
import {
  callers,
  calls,
  evaluate,
  LOCAL_TRUST_DOMAIN,
  policyText,
  type WrittenRule,
  writtenRules,
} from '../test/support/random-policies.ts'
import { type AccessPolicy, parseAccessPolicies } from './access-policy.ts'
import type { Call } from './call.ts'
import { type CompiledPolicy, compilePolicies } from './compile.ts'
import { allowsTool, decide, hasAnyMcpAllow } from './decide.ts'

const trustDomain = parseTrustDomain(LOCAL_TRUST_DOMAIN)

function policy(name: string, rules: readonly WrittenRule[]): AccessPolicy {
  const [parsed] = parseAccessPolicies(policyText(name, rules), `${name}.yaml`, trustDomain)
  assert.ok(parsed)
  return parsed
}

function compile(...policies: AccessPolicy[]): CompiledPolicy {
  return compilePolicies(policies.map((each) => ({ policy: each, revision: '7', digest: 'd' })))
}

const app = (name: string): SpiffeId => parseSpiffeId(`spiffe://${LOCAL_TRUST_DOMAIN}/ns/${name}`)
const tool = (name: string): Call => ({
  kind: 'mcp',
  method: 'tools/call',
  tool: name,
  isNotification: false,
})
const method = (name: string): Call => ({
  kind: 'mcp',
  method: name,
  isNotification: name.startsWith('notifications/'),
})
const http = (verb: string, path: string): Call => ({ kind: 'http', method: verb, path })

test('a decision is what reading the rules one by one comes to, in any order of policies and rules [ACC-2]', () => {
  const shuffled = fc
    .array(writtenRules, { maxLength: 3 })
    .chain((sets) =>
      fc.tuple(
        fc.constant(sets),
        fc.tuple(...sets.map((set) => fc.shuffledSubarray(set, { minLength: set.length }))),
      ),
    )
  fc.assert(
    fc.property(
      shuffled,
      fc.array(fc.tuple(callers, calls), { maxLength: 20 }),
      ([a, b], asked) => {
        const compiled = compile(...a.map((rules, at) => policy(`p${at}`, rules)))
        const reordered = compile(...b.map((rules, at) => policy(`q${9 - at}`, rules)))
        for (const [caller, call] of asked) {
          const expected = evaluate(a.flat(), caller, call)
          const id = parseSpiffeId(caller)
          assert.equal(decide(compiled, id, call).verdict, expected, JSON.stringify([caller, call]))
          assert.equal(decide(reordered, id, call).verdict, expected)
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('an app without a policy, and one whose policies have no rules, deny and say so [ACC-1]', () => {
  assert.deepEqual(decide(compile(), app('default/x'), tool('a')), {
    verdict: 'deny',
    reason: 'no-policy',
  })
  assert.deepEqual(decide(compile(policy('empty', [])), app('default/x'), { kind: 'tcp' }), {
    verdict: 'deny',
    reason: 'no-rules',
  })
})

test('a decision names the policy, its revision and digest, and the rule with its line [REC-12]', () => {
  const text = [
    'apiVersion: countersign.dev/v1',
    'kind: AccessPolicy',
    'metadata: {name: tools}',
    'spec:',
    '  app: inventory',
    '  rules:',
    '    - callers: [x]',
    '      tcp: "*"',
    '',
    '    - callers: [x]',
    '      mcp: {tools: [a]}',
    '    - effect: deny',
    '      callers: "*"',
    '      mcp: {tools: [b]}',
  ].join('\n')
  const compiled = compile(...parseAccessPolicies(text, 'tools.yaml', trustDomain))
  const named = { name: 'tools', revision: '7', digest: 'd' }
  assert.deepEqual(decide(compiled, app('default/x'), tool('a')), {
    verdict: 'allow',
    reason: 'rule-allows',
    policy: { ...named, rule: 1, line: 10 },
  })
  assert.deepEqual(decide(compiled, app('default/x'), tool('b')), {
    verdict: 'deny',
    reason: 'rule-denies',
    policy: { ...named, rule: 2, line: 12 },
  })
  assert.deepEqual(decide(compiled, app('default/x'), method('ping')), {
    verdict: 'allow',
    reason: 'mcp-access',
    policy: { ...named, rule: 1, line: 10 },
  })
})

test('of several rules that match, the same one is reported in any order of policies', () => {
  const one = policy('one', [{ callers: ['x'], mcp: '*' }])
  const two = policy('two', [{ callers: ['x'], mcp: '*' }])
  const forward = decide(compile(one, two), app('default/x'), tool('a'))
  assert.deepEqual(forward, decide(compile(two, one), app('default/x'), tool('a')))
  assert.equal(forward.policy?.name, 'one')
})

test('a denial says which step found nothing', () => {
  const compiled = compile(
    policy('p', [
      { callers: ['x'], mcp: { tools: ['a'] } },
      { callers: ['y'], http: { methods: ['GET'], paths: ['/a/*'] } },
    ]),
  )
  const reason = (caller: string, call: Call) => decide(compiled, app(caller), call).reason
  assert.equal(reason('default/z', tool('a')), 'caller-not-allowed')
  assert.equal(reason('default/x', http('GET', '/a/b')), 'protocol-not-allowed')
  assert.equal(reason('default/y', tool('a')), 'protocol-not-allowed')
  assert.equal(reason('default/x', { kind: 'tcp' }), 'protocol-not-allowed')
  assert.equal(reason('default/x', tool('b')), 'tool-not-allowed')
  assert.equal(reason('default/x', method('resources/read')), 'method-not-allowed')
  assert.equal(reason('default/y', http('POST', '/a/b')), 'method-not-allowed')
  assert.equal(reason('default/y', http('GET', '/a')), 'path-not-allowed')
})

test('any MCP allow brings the handshake and tools/list, and a deny rule can take each away', () => {
  const access = [
    'initialize',
    'server/discover',
    'ping',
    'tools/list',
    'notifications/initialized',
    'notifications/cancelled',
  ]
  const allow: WrittenRule = { callers: ['x'], mcp: { tools: ['a'] } }
  const open = compile(policy('p', [allow]))
  assert.ok(hasAnyMcpAllow(open, app('default/x')))
  assert.ok(!hasAnyMcpAllow(open, app('default/y')))
  for (const name of access) {
    assert.equal(decide(open, app('default/x'), method(name)).verdict, 'allow', name)
    assert.equal(decide(open, app('default/y'), method(name)).verdict, 'deny', name)
    const deny: WrittenRule = { effect: 'deny', callers: ['x'], mcp: { methods: [name] } }
    const without = compile(policy('p', [deny, allow]))
    assert.equal(decide(without, app('default/x'), method(name)).reason, 'rule-denies', name)
    assert.equal(decide(without, app('default/x'), tool('a')).verdict, 'allow')
  }
  const asRequest: Call = {
    kind: 'mcp',
    method: 'notifications/initialized',
    isNotification: false,
  }
  assert.equal(decide(open, app('default/x'), asRequest).verdict, 'deny')
})

test('names are compared as they are: inherited ones, stars, case and spelling mean nothing', () => {
  const compiled = compile(policy('p', [{ callers: ['x'], mcp: { tools: ['a', 'größe'] } }]))
  for (const name of [
    '__proto__',
    'constructor',
    'toString',
    '*',
    'A',
    'a ',
    'gro\u0308ße',
    'a*',
    '',
  ]) {
    assert.ok(!allowsTool(compiled, app('default/x'), name), name)
  }
  const literal = compile(
    policy('p', [
      { callers: ['x'], mcp: { tools: ['__proto__', 'constructor'] } },
      { effect: 'deny', callers: ['x'], mcp: { tools: ['hasOwnProperty'] } },
    ]),
  )
  assert.ok(allowsTool(literal, app('default/x'), '__proto__'))
  assert.ok(allowsTool(literal, app('default/x'), 'constructor'))
  assert.ok(!allowsTool(literal, app('default/x'), 'toString'))
  const noTool: Call = { kind: 'mcp', method: 'tools/call', isNotification: false }
  const all = compile(policy('p', [{ callers: '*', mcp: '*' }]))
  assert.equal(decide(all, app('default/x'), noTool).verdict, 'deny')
})

test('a path prefix ends at a segment', () => {
  const rule: WrittenRule = { callers: '*', http: { methods: ['GET'], paths: ['/a/*', '/b'] } }
  const compiled = compile(policy('p', [rule]))
  const allows = (path: string) =>
    decide(compiled, app('d/x'), http('GET', path)).verdict === 'allow'
  assert.deepEqual(
    ['/a/', '/a/b', '/a/b/c', '/b', '/a', '/ab', '/b/', '/bb', '/', '//a/b', '/A/b'].map(allows),
    [true, true, true, true, false, false, false, false, false, false, false],
  )
})

test('policies of two apps, or two of one name, are not compiled together', () => {
  const one = policy('one', [])
  const other = { ...policy('other', []), app: app('default/other') }
  assert.throws(() => compile(one, one), TypeError)
  assert.throws(() => compile(one, other), TypeError)
})

test('long and deep texts from a caller cost one look-up per level of the rules [BAD-6]', () => {
  const deep = `/${'a/'.repeat(200_000)}`
  const compiled = compile(
    policy('p', [{ callers: '*', http: { methods: ['GET'], paths: ['/a/*'] } }]),
  )
  assert.equal(decide(compiled, app('d/x'), http('GET', deep)).verdict, 'allow')
  assert.equal(decide(compiled, app('d/x'), http('GET', `/b${deep}`)).verdict, 'deny')
})
