import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSpiffeId } from '../spiffe/spiffe-id.ts'
import { parseTrustDomain } from '../spiffe/trust-domain.ts'
import { LOCAL_TRUST_DOMAIN, policyText, writtenRules } from '../test/support/random-policies.ts'
import { projectFile } from '../test/support/vectors.ts'
import { type AccessPolicy, parseAccessPolicies, policyDigest } from './access-policy.ts'
import { compilePolicies } from './compile.ts'
import { decide } from './decide.ts'
import { denyAllPolicy } from './deny-all.ts'
import { POLICY_LIMITS } from './limits.ts'
import { PolicyError } from './policy-error.ts'
import { runPolicyTests } from './run-tests.ts'

const trustDomain = parseTrustDomain('example.org')
const parse = (text: string) => parseAccessPolicies(text, 'p.yaml', trustDomain)

function parseOne(text: string): AccessPolicy {
  const [policy, ...others] = parse(text)
  assert.ok(policy && others.length === 0)
  return policy
}

/** A policy whose rules are these lines. */
function withRules(...lines: string[]): string {
  return [
    'apiVersion: countersign.dev/v1',
    'kind: AccessPolicy',
    'metadata: {name: p}',
    'spec:',
    '  app: inventory',
    '  rules:',
    ...lines,
  ].join('\n')
}

function problems(text: string): readonly string[] {
  try {
    parse(text)
  } catch (error) {
    assert.ok(error instanceof PolicyError)
    assert.ok(error.problems.length > 0)
    return error.message.split('\n')
  }
  assert.fail('the text was accepted')
}

function isPolicy(text: string): boolean {
  try {
    return parse(text).length > 0
  } catch {
    return false
  }
}

const documentation = readFileSync(projectFile('docs/policy.md'), 'utf8')
const examples = [...documentation.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text)

test('the examples of the documentation are policies, and their tests pass', () => {
  assert.equal(examples.length, 2)
  const passed = examples.map((text) => {
    const run = runPolicyTests([parseOne(text)])
    assert.deepEqual(run.failures, [])
    return run.passed
  })
  assert.deepEqual(passed, [6, 0])
})

test('the documented limits are the ones that apply', () => {
  const { maxTextBytes: _, ...others } = POLICY_LIMITS
  for (const [name, limit] of Object.entries(others)) {
    if (name === 'maxProblems') continue
    assert.match(documentation, new RegExp(`\\| (${limit}|${limit.toLocaleString('en')})\\b`), name)
  }
})

test('short forms are resolved: App IDs, namespaces, trust domains, prefixes', () => {
  const { app, name, rules } = parseOne(
    withRules(
      '    - callers: [x, shop/x, spiffe://b.org/a/b, "spiffe://b.org/a/*", "spiffe://b.org/*"]',
      '      tcp: "*"',
      '    - callers: [{namespace: n}, {trustDomain: b.org}, {namespace: n, trustDomain: b.org}, "*"]',
      '      http: {methods: [GET, "*"], paths: ["/*", /a, /a/*]}',
    ),
  )
  assert.deepEqual([app, name], ['spiffe://example.org/ns/default/inventory', 'p'])
  assert.deepEqual(rules, [
    {
      effect: 'allow',
      callers: [
        { kind: 'exact', id: 'spiffe://example.org/ns/default/x' },
        { kind: 'exact', id: 'spiffe://example.org/ns/shop/x' },
        { kind: 'exact', id: 'spiffe://b.org/a/b' },
        { kind: 'under', prefix: 'spiffe://b.org/a/' },
        { kind: 'under', prefix: 'spiffe://b.org/' },
      ],
      tcp: true,
      line: 7,
    },
    {
      effect: 'allow',
      callers: [
        { kind: 'under', prefix: 'spiffe://example.org/ns/n/' },
        { kind: 'trust-domain', trustDomain: 'b.org' },
        { kind: 'under', prefix: 'spiffe://b.org/ns/n/' },
        { kind: 'anyone' },
      ],
      http: {
        methods: 'any',
        paths: [
          { kind: 'under', prefix: '/' },
          { kind: 'exact', path: '/a' },
          { kind: 'under', prefix: '/a/' },
        ],
      },
      tcp: false,
      line: 9,
    },
  ])
  const [elsewhere] = parseAccessPolicies(withRules('    []'), 'p.yaml', trustDomain, 'shop')
  assert.equal(elsewhere?.app, 'spiffe://example.org/ns/shop/inventory')
})

test('each document keeps its own text, and lines count from its beginning', () => {
  const one = withRules('    - {callers: [x], tcp: "*"}')
  const two = one.replace('name: p', 'name: q')
  const text = `# head\n${one}\n--- # next\n${two}\n...\n# tail\n---\n---\n${two.replace('q', 'r')}\n`
  const policies = parse(text)
  assert.deepEqual(
    policies.map(({ name, firstLine, rules }) => [name, firstLine, rules[0]?.line]),
    [
      ['p', 1, 8],
      ['q', 9, 8],
      ['r', 21, 7],
    ],
  )
  for (const policy of policies) {
    assert.deepEqual(parse(policy.source), [{ ...policy, firstLine: 1 }])
  }
  assert.equal(policies[2]?.source, `${two.replace('q', 'r')}\n`)
  assert.equal(parse(`---\r\n${one}`)[0]?.source, one)
  assert.equal(
    policyDigest('abc'),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})

test('the source of a policy alone gives the same policy', () => {
  fc.assert(
    fc.property(fc.array(writtenRules, { minLength: 1, maxLength: 3 }), (sets) => {
      const td = parseTrustDomain(LOCAL_TRUST_DOMAIN)
      const text = sets.map((rules, at) => policyText(`p${at}`, rules)).join('\n---\n')
      for (const policy of parseAccessPolicies(text, 'p.yaml', td)) {
        assert.deepEqual(parseAccessPolicies(policy.source, 'again.yaml', td), [
          { ...policy, firstLine: 1 },
        ])
      }
    }),
  )
})

test('every problem is reported at once, in order, with place, expectation and fix [BAD-3]', () => {
  const text = `apiVersion: countersign.dev/v2
kind: accesspolicy
metadat: {name: p}
spec:
  app: a/b/c
  app: b
  rules:
    - caller: x
      effect: permit
      mcp: {tool: [a], methods: "*"}
    - mcp: {tools: [get_*, 12, null]}
      callers: [a b, {namespace: a/b}, {}, "a/*"]
      http: {methods: [get], paths: [a, /a/../b, /a//b, "/a/*/b", /a?b, /%20]}
      tcp: true
    - callers: []
  tests:
    - {caller: "*", call: {mcp: {method: tools/call}}, expect: maybe}
    - {caller: x, call: {tcp: {}, http: {}}, expect: allow, why: 1}
`
  const found = problems(text)
  assert.deepEqual(
    found.map((line) => line.split(' ', 1)[0]),
    [
      ...['p.yaml:1:13:', 'p.yaml:2:7:', 'p.yaml:3:1:', 'p.yaml:5:8:', 'p.yaml:6:3:'],
      ...['p.yaml:8:7:', 'p.yaml:9:15:', 'p.yaml:10:13:', 'p.yaml:10:33:'],
      ...['p.yaml:11:21:', 'p.yaml:11:28:', 'p.yaml:11:32:'],
      ...['p.yaml:12:17:', 'p.yaml:12:34:', 'p.yaml:12:40:', 'p.yaml:12:44:'],
      ...['p.yaml:13:24:', 'p.yaml:13:38:', 'p.yaml:13:41:', 'p.yaml:13:50:'],
      ...['p.yaml:13:57:', 'p.yaml:13:67:', 'p.yaml:13:73:', 'p.yaml:14:12:'],
      ...['p.yaml:15:7:', 'p.yaml:15:16:'],
      ...['p.yaml:17:16:', 'p.yaml:17:33:', 'p.yaml:17:64:', 'p.yaml:18:25:', 'p.yaml:18:61:'],
    ],
  )
  for (const expected of [
    'p.yaml:1:13: apiVersion: expected countersign.dev/v1, found "countersign.dev/v2"; write countersign.dev/v1',
    'p.yaml:3:1: expected one of apiVersion, kind, metadata, spec, found "metadat"; did you mean metadata?',
    'p.yaml:8:7: spec.rules[0]: expected one of callers, effect, mcp, http, tcp, found "caller"; did you mean callers?',
    'p.yaml:11:21: spec.rules[1].mcp.tools[0]: expected an exact name, found "get_*"; list the names, or write "*" alone for all of them',
    'p.yaml:11:28: spec.rules[1].mcp.tools[1]: expected a name, found a number; put it in quotes: "12"',
    'p.yaml:13:24: spec.rules[1].http.methods[0]: expected an HTTP method in upper case, found "get"; write GET',
    'p.yaml:15:16: spec.rules[2].callers: expected at least one of callers; add one',
  ]) {
    assert.ok(found.includes(expected), expected)
  }
})

test('YAML that says one thing and means another is refused', () => {
  for (const [text, expected] of [
    ['a: &x 1', 'p.yaml:1:4: expected no anchor; write the value where it is needed'],
    ['a: *', 'p.yaml:1:4: expected a star in quotes; write "*"'],
    ['a: !!str 1', 'p.yaml:1:4: expected no tag; remove it; put text in quotes'],
    ['%YAML 1.2\n---\na: 1', 'p.yaml:1:1: expected no directive; remove the line'],
    [
      '? [a]\n: 1',
      'p.yaml:1:3: expected one of apiVersion, kind, metadata, spec, found no name; remove it',
    ],
    [
      '<<: 1',
      'p.yaml:1:1: expected one of apiVersion, kind, metadata, spec, found "<<"; remove it',
    ],
    [
      '__proto__: 1',
      'p.yaml:1:1: expected one of apiVersion, kind, metadata, spec, found "__proto__"; remove it',
    ],
  ] as const) {
    assert.ok(problems(text).includes(expected), `${text}: ${problems(text).join('\n')}`)
  }
  assert.match(
    problems('a: b: c')[0] ?? '',
    /^p\.yaml:1:\d+: expected YAML: .+; correct the syntax$/,
  )
  assert.match(problems('\ta: 1')[0] ?? '', /^p\.yaml:1:1: expected YAML: tabs/)
})

test('a text without a policy is refused', () => {
  for (const text of ['', '# nothing\n', '---\n---\n', 'null']) {
    assert.deepEqual(problems(text), [
      'p.yaml:1:1: expected an AccessPolicy; see docs/policy.md for an example',
    ])
  }
})

test('a name may be used once per app', () => {
  const text = withRules('    []')
  assert.deepEqual(problems(`${text}\n---\n${text}`), [
    'p.yaml:11:18: metadata.name: expected one policy named p for spiffe://example.org/ns/default/inventory; rename or remove one of them',
  ])
  assert.equal(parse(`${text}\n---\n${text.replace('inventory', 'billing')}`).length, 2)
})

test('what is over a limit is refused at that limit, at once [BAD-6]', () => {
  const rule = (index: number) => `    - {callers: [a${index}], tcp: "*"}`
  const many = (count: number) => Array.from({ length: count }, (_, index) => rule(index))
  const list = (count: number) =>
    `[${Array.from({ length: count }, (_, index) => `n${index}`).join()}]`
  const refused = (text: string, expected: RegExp) =>
    assert.match(problems(text)[0] ?? '', expected)
  const started = process.hrtime.bigint()
  parse(withRules(...many(POLICY_LIMITS.maxRules)))
  refused(
    withRules(...many(POLICY_LIMITS.maxRules + 1)),
    /spec\.rules: expected at most 10000 of rules/,
  )
  parse(withRules(`    - {callers: "*", mcp: {tools: ${list(1000)}}}`))
  refused(withRules(`    - {callers: "*", mcp: {tools: ${list(1001)}}}`), /at most 1000 of tools/)
  refused(
    withRules(`    - {callers: ${list(1000)}, mcp: {tools: ${list(251)}}}`),
    /at most 250000 pairs/,
  )
  refused(
    'x'.repeat(POLICY_LIMITS.maxTextBytes + 1),
    /^p\.yaml:1:1: expected at most 1048576 bytes/,
  )
  refused('a\n---\n'.repeat(101), /expected at most 100 documents/)
  refused(`a: "${'x'.repeat(4097)}"`, /expected at most 4096 characters/)
  refused(
    withRules(`    - {callers: "*", mcp: {tools: ["${'x'.repeat(2049)}"]}}`),
    /1 to 2048 printable/,
  )
  refused('['.repeat(400_000), /expected at most 16 levels/)
  refused('- '.repeat(200_000), /expected at most 16 levels/)
  refused('['.repeat(1_000_000), /expected at most 500000 words/)
  refused(`[${'a,'.repeat(500_000)}]`, /expected at most 500000 words/)
  refused(`{${'a,'.repeat(50_000)}}`, /expected apiVersion/)
  refused(`[${','.repeat(300_000)}]`, /expected a value before the comma/)
  refused('&a '.repeat(200_000), /expected no anchor/)
  assert.match(problems('&a '.repeat(1000)).at(-1) ?? '', /^and \d+ more$/)
  assert.ok(process.hrtime.bigint() - started < 120_000_000_000n)
})

test('any text is read or refused with a PolicyError', () => {
  const pieces = fc.array(
    fc.constantFrom(
      ...['apiVersion: countersign.dev/v1\n', 'kind: AccessPolicy\n', 'metadata: ', '{name: p}\n'],
      ...[
        'spec:\n',
        '  app: inventory\n',
        '  rules:\n',
        '  - callers: ',
        '"*"',
        '*',
        '[',
        ']',
        '{',
        '}',
      ],
      ...[
        ': ',
        ', ',
        '- ',
        '\n',
        '  ',
        '---\n',
        '&a',
        '!t',
        '|\n',
        '>-\n',
        "'",
        '"',
        '#',
        '?',
        '\t',
        'é',
      ],
    ),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(
      fc.oneof(
        pieces.map((each) => each.join('')),
        fc.string({ unit: 'binary' }),
      ),
      (text) => isPolicy(text) || problems(text).length > 0,
    ),
    { numRuns: 2000 },
  )
})

test('names that JavaScript inherits are ordinary names in a policy', () => {
  const policy = parseOne(
    withRules('    - {callers: [constructor], mcp: {tools: [__proto__, toString]}}'),
  )
  const compiled = compilePolicies([{ policy, revision: '1', digest: '' }])
  const caller = parseSpiffeId('spiffe://example.org/ns/default/constructor')
  const verdict = (tool: string) =>
    decide(compiled, caller, { kind: 'mcp', method: 'tools/call', tool, isNotification: false })
      .verdict
  assert.deepEqual(['__proto__', 'toString', 'valueOf'].map(verdict), ['allow', 'allow', 'deny'])
})

test('tests are judged by all policies of the app together [ACC-3]', () => {
  const allowed = `${withRules('    - {callers: [x], mcp: {tools: [a]}}')}
  tests:
    - {caller: x, call: {mcp: {tool: a}}, expect: allow}
    - {caller: y, call: {mcp: {tool: a}}, expect: deny}
`
  const first = parseOne(allowed)
  assert.deepEqual(runPolicyTests([first]), { passed: 2, failures: [] })
  const second = parseOne(
    withRules('    - {effect: deny, callers: "*", mcp: {tools: [a]}}').replace(
      'name: p',
      'name: q',
    ),
  )
  const { passed, failures } = runPolicyTests([first, second])
  assert.equal(passed, 1)
  assert.deepEqual(
    failures.map(({ policy, index, test: { line, expect }, decision }) => ({
      ...{ policy, index, line, expect },
      by: decision.policy?.name,
    })),
    [{ policy: 'p', index: 0, line: 9, expect: 'allow', by: 'q' }],
  )
})

test('the deny-all policy is a policy like any other, and denies everyone', () => {
  const app = parseSpiffeId('spiffe://example.org/ns/shop/inventory')
  const policy = denyAllPolicy(app)
  assert.deepEqual([policy.app, policy.name, policy.rules], [app, 'deny-all', []])
  assert.deepEqual(parse(policy.source), [policy])
  const compiled = compilePolicies([{ policy, revision: '1', digest: '' }])
  assert.equal(decide(compiled, app, { kind: 'tcp' }).reason, 'no-rules')
  assert.throws(() => denyAllPolicy(parseSpiffeId('spiffe://example.org')), TypeError)
})
