// needs: root, setpriv

/** Each program dies and comes back while the others go on. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import {
  call,
  callAsCrowd,
  callerIn,
  policyRefusal,
  seenBy,
  startLoad,
  stopLoad,
} from '../../support/answers.ts'
import { until } from '../../support/until.ts'
import { recordsIn, verified } from '../../support/verified.ts'
import { appId, World } from '../../support/world.ts'

const onlyBuyer = `apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: open}
spec:
  app: inventory
  rules:
    - callers: [buyer]
      mcp: "*"
`

test('the server is killed and comes back: no call fails, and all is as it was [DONE-4 BAD-7]', async (t) => {
  const world = await World.start(t)
  const [reporter, buyer] = [world.caller('reporter'), world.caller('buyer')]
  const bundle = path.join(world.plane.folder, 'bundle.pem')
  const authorities = readFileSync(bundle, 'utf8')
  await startLoad(reporter, { perSecond: 50, connections: 4 })
  await world.plane.killServer()
  for (let round = 0; round < 20; round++)
    assert.equal(callerIn(await call(buyer, 'get_inventory', 'fresh')), appId('buyer'))
  await world.plane.startServer()
  assert.equal(readFileSync(bundle, 'utf8'), authorities)
  const policies = await world.countersign('policy', 'get')
  assert.match(policies.out, /open/)
  const { sent, failures } = await stopLoad(reporter)
  assert.deepEqual(failures, [])
  assert.equal((await seenBy(world.app)).requests, sent + 20)
  // The agent is back too: it brings a change of policy to the proxy.
  await world.apply(onlyBuyer)
  const refused = await until('the change is in force', () => policyRefusal(reporter))
  assert.equal(refused.code, 403001)
  assert.equal(callerIn(await call(buyer, 'get_inventory')), appId('buyer'))
})

test('the agent is killed and comes back: known callers go on, new ones wait, no proxy is restarted [ACC-14]', async (t) => {
  const world = await World.start(t)
  const [reporter, buyer] = [world.caller('reporter'), world.caller('buyer')]
  assert.equal(callerIn(await call(reporter, 'get_inventory')), appId('reporter'))
  await world.agent.end('SIGKILL')
  for (let round = 0; round < 50; round++) {
    assert.equal(callerIn(await call(reporter, 'get_inventory')), appId('reporter'))
    const stranger = await call(buyer, 'get_inventory', 'fresh')
    assert.equal(stranger.status, 403, stranger.text)
  }
  await world.startAgent()
  await until('a new caller is named', async () =>
    callerIn(await call(buyer, 'get_inventory', 'fresh')),
  )
  for (let round = 0; round < 50; round++) {
    assert.equal(callerIn(await call(reporter, 'get_inventory')), appId('reporter'))
    assert.equal(callerIn(await call(reporter, 'get_inventory', 'fresh')), appId('reporter'))
    assert.equal(callerIn(await call(buyer, 'get_inventory', 'fresh')), appId('buyer'))
  }
  await world.apply(onlyBuyer)
  await until('a change of policy arrives', () => policyRefusal(reporter))
  const records = recordsIn(world.outbound.dataFolder)
  const refused = records.filter(({ reason }) => reason === 'caller-not-identified')
  assert.ok(refused.length >= 50)
})

test('more callers than the agent looks at together outlive its restart [ACC-14]', async (t) => {
  const world = await World.start(t)
  const reporter = world.caller('reporter')
  const connections = 1200
  assert.deepEqual((await callAsCrowd(reporter, connections)).failures, [])
  await world.agent.end('SIGKILL')
  await world.startAgent()
  await until('a new caller is named', async () =>
    callerIn(await call(reporter, 'get_inventory', 'fresh')),
  )
  assert.deepEqual((await callAsCrowd(reporter, connections)).failures, [])
})

for (const side of ['inbound', 'outbound'] as const)
  test(`the ${side} proxy is killed under load and comes back: calls work, the record holds [REC-3 BAD-7]`, async (t) => {
    const world = await World.start(t)
    const reporter = world.caller('reporter')
    const connections = 8
    await startLoad(reporter, { perSecond: 100, connections })
    await until('calls are on their way', async () =>
      (await seenBy(world.app)).requests > 100 ? true : undefined,
    )
    await world[side].program.end('SIGKILL')
    await world[side].restart()
    await until('calls work again', async () =>
      callerIn(await call(reporter, 'get_inventory', 'fresh')),
    )
    await stopLoad(reporter)
    const answered = callerIn(await call(reporter, 'get_inventory'))
    assert.equal(answered, appId('reporter'))
    const { requests } = await seenBy(world.app)
    await world.outbound.program.end('SIGTERM')
    await world.inbound.program.end('SIGTERM')

    const { verdict, files } = await verified(world, world.inbound.dataFolder)
    assert.equal(verdict, 'intact')
    const sum = (of: (report: (typeof files)[number]['report']) => number): number =>
      files.reduce((total, { report }) => total + of(report), 0)
    const allowed = sum(({ decisions }) => decisions.allow)
    const unknown = sum(({ unknownOutcomes }) => unknownOutcomes)
    // What reached the app was decided on before; what was cut off is said to be unknown.
    assert.ok(allowed >= requests && allowed <= requests + connections, `${allowed}, ${requests}`)
    assert.ok(unknown <= (side === 'inbound' ? connections : 0), `${unknown} unknown`)
    assert.equal(
      sum(({ unsigned }) => unsigned),
      0,
    )
    t.diagnostic(`${requests} calls reached the app, ${allowed} allowed, ${unknown} unknown`)
  })
