// needs: root, setpriv

/** A banned agent: its workloads lose their identities, and its proxies let nobody through. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call, callerIn, seenBy } from '../../support/answers.ts'
import { RunningProgram } from '../../support/running-program.ts'
import { until } from '../../support/until.ts'
import { appId, trustDomain, World } from '../../support/world.ts'

test('a ban ends streams with PermissionDenied, stops the agent, and nobody calls any more [PLANE-4]', async (t) => {
  const world = await World.start(t)
  const reporter = world.caller('reporter')
  assert.equal(callerIn(await call(reporter, 'get_inventory')), appId('reporter'))
  const words = [...world.words('test/support/workload'), world.plane.sockets().workload]
  const workload = new RunningProgram(words, world.as('reporter'))
  t.after(() => workload.end('SIGKILL'))
  await workload.untilOutput((output) => output.includes(appId('reporter')))

  const id = `spiffe://${trustDomain}${world.agentPath}`
  const banned = await world.countersign('server', 'agent', 'ban', '-spiffeID', id)
  assert.equal(banned.code, 0, banned.err)
  assert.equal(await world.agent.exited, 1)
  assert.equal(await workload.exited, 3)
  assert.match(workload.output, /"code":"permission-denied","message":"no identity issued"/)

  // Whom the agent had named is nobody any more, on the connection it was named for too.
  await until('the known caller is refused', async () => {
    const { status } = await call(reporter, 'get_inventory')
    return status === 403 ? true : undefined
  })
  const before = await seenBy(world.app)
  assert.equal((await call(reporter, 'get_inventory', 'fresh')).status, 403)
  assert.equal((await call(world.caller('buyer'), 'get_inventory')).status, 403)
  assert.equal((await seenBy(world.app)).requests, before.requests)
})
