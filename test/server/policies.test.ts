/** Policies through the API: all or nothing, tested first, one revision after the other. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { refusedWith } from '../support/refusals.ts'
import { once, TestServer } from '../support/test-server.ts'

let server: TestServer
before(async () => {
  server = await TestServer.start()
})
after(() => server[Symbol.asyncDispose]())

test('documents of several apps are put in force together, with their tests', async () => {
  const source = [policy('one', 'shop'), policy('two', 'bank')].join('---\n')
  const results = await apply(source)
  assert.deepEqual(
    results.map(({ policy: applied, change, testsPassed }) => [
      applied?.app,
      applied?.name,
      applied?.revision,
      change,
      testsPassed,
    ]),
    [
      ['spiffe://example.org/ns/default/shop', 'one', '1', 'CREATED', 1],
      ['spiffe://example.org/ns/default/bank', 'two', '1', 'CREATED', 1],
    ],
  )
})

test('the same text changes nothing, another raises the revision of its app', async () => {
  await apply(policy('one', 'again'))
  const [same] = await apply(policy('one', 'again'))
  assert.deepEqual([same?.change, same?.policy?.revision], ['UNCHANGED', '1'])
  const [other] = await apply(policy('one', 'again', 'other-caller'))
  assert.deepEqual([other?.change, other?.policy?.revision], ['UPDATED', '2'])
  const { source } = await server.local.policy.unary(
    'GetPolicySource',
    { digest: same?.policy?.digest ?? '' },
    once(),
  )
  assert.equal(source, policy('one', 'again'))
})

test('one wrong document, and none is put in force [BAD-3]', async () => {
  const source = [policy('good', 'untouched'), 'kind: Nonsense\n'].join('---\n')
  await assert.rejects(
    apply(source, 'many.yaml'),
    refusedWith('invalid-argument', /many\.yaml:\d+:/),
  )
  assert.deepEqual(await names('untouched'), [])
})

test('each problem of each file is told with its own file, line and column [BAD-3]', async () => {
  const files = [
    { name: 'a.yaml', source: policy('a', 'filed').replace('callers', 'caller') },
    { name: 'b.yaml', source: policy('b', 'filed') },
    { name: 'c.yaml', source: policy('b', 'filed') },
    { name: 'd.yaml', source: '# nothing\n{' },
  ]
  await assert.rejects(
    server.local.policy.unary('ApplyPolicies', { files }, once()),
    refusedWith(
      'invalid-argument',
      /^a\.yaml:7:7: spec\.rules\[0\]: .*did you mean callers\?\nc\.yaml:1:1: .*b\.yaml; rename.*\nd\.yaml:2:\d: /,
    ),
  )
  assert.deepEqual(await names('filed'), [])
  await assert.rejects(
    server.local.policy.unary('ApplyPolicies', {}, once()),
    refusedWith('invalid-argument', /^expected 1 to 100 files with policies, got 0$/),
  )
})

test('a failing test is named with its line, and nothing is put in force [ACC-3]', async () => {
  const source = policy('wrong', 'tested').replace('expect: allow', 'expect: deny')
  await assert.rejects(
    apply(source, 'wrong.yaml'),
    refusedWith(
      'failed-precondition',
      /^wrong\.yaml:9:11: spec\.tests\[0\]: expected deny, got allow .* by rule 0 of policy wrong; /,
    ),
  )
  assert.deepEqual(await names('tested'), [])
})

test('a test of a policy in force refuses another policy that would make it fail [ACC-3]', async () => {
  await apply(policy('open', 'kept'))
  const closing = policy('closed', 'kept')
    .replace('- callers', '- effect: deny\n      callers')
    .replace('expect: allow', 'expect: deny')
  await assert.rejects(
    apply(closing),
    refusedWith(
      'failed-precondition',
      /^policy open in force:9:11: spec\.tests\[0\]: expected allow, got deny/,
    ),
  )
})

test('a dry run answers the same and changes nothing', async () => {
  const request = { files: [{ name: 'dry.yaml', source: policy('dry', 'dry') }], dryRun: true }
  const { results } = await server.local.policy.unary('ApplyPolicies', request, once())
  assert.equal(results[0]?.change, 'CREATED')
  assert.deepEqual(await names('dry'), [])
})

test('deny-all replaces every policy, and the next apply lets callers in again [ACC-11]', async () => {
  await apply([policy('a', 'shut'), policy('b', 'shut')].join('---\n'))
  const { policy: closed, replaced } = await server.local.policy.unary(
    'DenyAll',
    { app: 'shut' },
    once(),
  )
  assert.deepEqual(replaced, ['a', 'b'])
  assert.deepEqual(await names('shut'), [closed?.name])
  await apply(policy('a', 'shut'))
  assert.deepEqual(await names('shut'), ['a', closed?.name])
})

test('a deleted policy is gone, and an unknown one is said to be unknown', async () => {
  await apply(policy('gone', 'deleted'))
  await server.local.policy.unary('DeletePolicy', { app: 'deleted', name: 'gone' }, once())
  assert.deepEqual(await names('deleted'), [])
  await assert.rejects(
    server.local.policy.unary('DeletePolicy', { app: 'deleted', name: 'gone' }, once()),
    refusedWith('not-found', /there is no policy "gone"/),
  )
})

test('a list comes in pages that fit in a message', async () => {
  const documents = Array.from({ length: 30 }, (_, index) => policy(`n${index}`, 'many'))
  await apply(documents.join('---\n'))
  assert.equal((await names('many')).length, 30)
})

test('what is no App ID is refused', async () => {
  await assert.rejects(
    server.local.policy.unary('DenyAll', { app: 'a/b/c' }, once()),
    refusedWith('invalid-argument', /^"a\/b\/c" is no App ID: /),
  )
})

async function apply(source: string, fileName = 'test.yaml') {
  const request = { files: [{ name: fileName, source }] }
  const { results } = await server.local.policy.unary('ApplyPolicies', request, once())
  return results
}

async function names(app: string): Promise<string[]> {
  const found: string[] = []
  for (let pageToken = ''; ; ) {
    const page = await server.local.policy.unary('ListPolicies', { app, pageToken }, once())
    found.push(...page.policies.map(({ name }) => name))
    pageToken = page.nextPageToken
    if (pageToken === '') return found
  }
}

function policy(name: string, app: string, caller = 'caller'): string {
  return [
    'apiVersion: countersign.dev/v1',
    'kind: AccessPolicy',
    `metadata: {name: ${name}}`,
    'spec:',
    `  app: ${app}`,
    '  rules:',
    `    - callers: [${caller}]`,
    '      mcp: {tools: [look]}',
    `  tests: [{caller: ${caller}, call: {mcp: {tool: look}}, expect: allow}]`,
    '',
  ].join('\n')
}
