// needs: root, setpriv

/** A change of policy is in force within a second, for calls to come and for open streams. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call, callerIn, follow, followed, policyRefusal, seenBy } from '../../support/answers.ts'
import type { DrivenProgram } from '../../support/driven-program.ts'
import { until } from '../../support/until.ts'
import { recordsIn } from '../../support/verified.ts'
import { appId, World } from '../../support/world.ts'

/** A change must be there after a second; ten times as much where the machine is busy. */
const withinMs = 10_000

function allowing(...callers: string[]): string {
  return `apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: open}
spec:
  app: inventory
  rules:
    - callers: [${callers.join(', ')}]
      mcp: {tools: [get_inventory, follow]}
`
}

test('one command denies every call and cuts every stream, within a second [ACC-4 ACC-11]', async (t) => {
  const world = await World.start(t)
  const reporter = world.caller('reporter')
  assert.equal(callerIn(await call(reporter, 'get_inventory')), appId('reporter'))
  assert.equal((await follow(reporter)).status, 200)

  const { code } = await world.countersign('policy', 'deny-all', 'inventory')
  const began = performance.now()
  assert.equal(code, 0)
  const refused = await until('calls are denied', () => policyRefusal(reporter), withinMs)
  const denyMs = performance.now() - began
  assert.equal(refused.code, 403001)
  const stream = await followed(reporter)
  assert.equal(stream.complete, false)
  const cutMs = performance.now() - began
  assert.ok(cutMs < withinMs, `the stream was cut after ${cutMs} ms`)
  const { ran } = await seenBy(world.app)
  assert.equal((await call(reporter, 'get_inventory', 'fresh')).status, 200)
  assert.deepEqual((await seenBy(world.app)).ran, ran)

  await world.apply(allowing('reporter'))
  const applied = performance.now()
  const answer = await until('calls are let in', () => allowedAnswer(reporter), withinMs)
  assert.equal(answer, appId('reporter'))
  const allowMs = performance.now() - applied
  t.diagnostic(
    `in force after the command: deny ${denyMs.toFixed()} ms, cut ${cutMs.toFixed()} ms, allow ${allowMs.toFixed()} ms`,
  )
})

test('the stream of a caller that lost its rule is cut, and no other [ACC-4]', async (t) => {
  const world = await World.start(t, { policy: allowing('reporter', 'buyer') })
  const [reporter, buyer] = [world.caller('reporter'), world.caller('buyer')]
  assert.equal((await follow(reporter)).status, 200)
  assert.equal((await follow(buyer)).status, 200)
  const kept = followed(reporter).then(() => 'ended')
  await world.apply(allowing('reporter'))
  assert.equal((await followed(buyer)).complete, false)
  assert.equal(callerIn(await call(reporter, 'get_inventory')), appId('reporter'))
  assert.equal(
    await Promise.race([kept, call(reporter, 'get_inventory').then(() => 'open')]),
    'open',
  )
  const outcome = await until('the outcome is recorded', () => {
    const records = recordsIn(world.inbound.dataFolder)
    return Promise.resolve(records.find(({ ended }) => ended === 'policy-changed'))
  })
  const decision = recordsIn(world.inbound.dataFolder).find(
    ({ kind, decisionId }) => kind === 'decision' && decisionId === outcome.decisionId,
  )
  assert.equal(decision?.caller?.spiffeId, appId('buyer'))
})

async function allowedAnswer(caller: DrivenProgram) {
  return callerIn(await call(caller, 'get_inventory'))
}
