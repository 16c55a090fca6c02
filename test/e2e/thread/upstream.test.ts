// needs: root, setpriv

/** The app's process is attested for each connection: nothing is sent to another in its place. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call, callerIn, errorIn, seenBy } from '../../support/answers.ts'
import { until } from '../../support/until.ts'
import { recordsIn } from '../../support/verified.ts'
import { appId, openPolicy, World, type WorldOptions } from '../../support/world.ts'

const places: readonly (readonly [string, WorldOptions])[] = [
  ['a Unix socket', { upstream: 'unix', protocol: 'mcp' }],
  ['a TCP port', { upstream: 'tcp', protocol: 'mcp' }],
  [
    'a TCP port, over plain HTTP',
    { upstream: 'tcp', protocol: 'http', policy: `${openPolicy}      http: "*"\n` },
  ],
]
for (const [place, options] of places)
  test(`who takes the app's place at ${place} gets nothing, and the app comes back [ACC-9]`, async (t) => {
    const world = await World.start(t, options)
    const reporter = world.caller('reporter')
    assert.equal(callerIn(await call(reporter, 'get_inventory')), appId('reporter'))
    await world.app.end()
    const impostor = await world.startApp('other')
    for (let round = 0; round < 20; round++) {
      const refused = await call(reporter, 'get_inventory', round % 2 === 0 ? 'kept' : 'fresh')
      assert.equal(refused.status, 503, refused.text)
      if (options.protocol === 'mcp') assert.equal(errorIn(refused)?.code, 503001)
    }
    const { connections, bytes, requests } = await seenBy(impostor)
    assert.ok(connections > 0, 'the impostor was never asked about')
    assert.deepEqual({ bytes, requests }, { bytes: 0, requests: 0 })
    await impostor.end()
    await world.startApp()
    await until('the app is back', async () => callerIn(await call(reporter, 'get_inventory')))
    const denied = recordsIn(world.inbound.dataFolder).filter(
      ({ reason }) => reason === 'upstream-not-attested',
    )
    assert.equal(denied.length, 20)
  })
