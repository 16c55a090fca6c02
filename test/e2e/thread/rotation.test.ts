// needs: root, setpriv

/**
 * SVIDs of 8 seconds under authorities of 60: while authorities follow one another, a steady stream
 * of calls through two proxies loses none and repeats none, new connections are made all the time,
 * an event stream stays open, and all of it is proved afterwards.
 */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import {
  call,
  callerIn,
  follow,
  followed,
  seenBy,
  startLoad,
  stopLoad,
} from '../../support/answers.ts'
import type { DrivenProgram } from '../../support/driven-program.ts'
import { recordsIn, verified } from '../../support/verified.ts'
import { appId, World } from '../../support/world.ts'

const perSecond = 100
/** The first authority hands over after 50 s, each further one after another 30. */
const handovers = 2
/** Time for every SVID to be replaced by one of the last authority. */
const afterwardsMs = 12_000

test('SVIDs and authorities rotate under load: no call fails, none is sent twice [DONE-6 REC-6 REC-7]', {
  timeout: 900_000,
}, async (t) => {
  const world = await World.start(t, {
    server: { ca_ttl: '60s', default_x509_svid_ttl: '8s' },
  })
  const reporter = world.caller('reporter')
  assert.equal(callerIn(await call(reporter, 'get_inventory')), appId('reporter'))
  const listener = world.caller('reporter')
  assert.equal((await follow(listener)).status, 200)
  let hasEnded = false
  const note = (): void => {
    hasEnded = true
  }
  // Rejects when we end the listener ourselves, at the end.
  followed(listener).then(note, () => undefined)
  const before = await seenBy(world.app)
  const activatedBefore = activations(world.plane.server.output)

  const began = Date.now()
  await startLoad(reporter, { perSecond, connections: 16 })
  const ending = new AbortController()
  const newcomers = callAnew(world.caller('buyer'), ending.signal)
  await world.plane.server.untilOutput(
    (output) => activations(output) === activatedBefore + handovers,
    600_000,
  )
  await new Promise((resolve) => setTimeout(resolve, afterwardsMs))
  ending.abort()
  const fresh = await newcomers
  const { sent, failures } = await stopLoad(reporter)
  const seconds = (Date.now() - began) / 1000
  const after = await seenBy(world.app)
  assert.deepEqual(failures, [])
  assert.equal(after.requests - before.requests, sent + fresh)
  assert.equal(hasEnded, false)
  await listener.end()
  assert.ok(sent >= (seconds - 1) * perSecond, `only ${sent} calls in ${seconds} s`)

  const decisions = recordsIn(world.inbound.dataFolder).filter(({ kind }) => kind === 'decision')
  const svids = new Set(decisions.map(({ caller }) => caller?.svid?.serial))
  const issuers = new Set(decisions.map(({ caller }) => caller?.svid?.issuerKeyId))
  t.diagnostic(
    `${sent} calls, and ${fresh} on connections of their own, in ${seconds} s under ${svids.size} SVIDs of ${issuers.size} authorities`,
  )
  assert.equal(issuers.size, handovers + 1)
  assert.ok(svids.size >= seconds / 8, `only ${svids.size} SVIDs`)

  await world.inbound.program.end('SIGTERM')
  const { verdict, files } = await verified(world, world.inbound.dataFolder)
  assert.equal(verdict, 'intact')
  const { decisions: counted, unknownOutcomes, unsigned } = files[0]?.report ?? assert.fail()
  assert.equal(counted.allow, sent + fresh + 2)
  assert.deepEqual({ unknownOutcomes, unsigned }, { unknownOutcomes: 0, unsigned: 0 })
  // Without the authorities that have handed over nobody could have said so.
  const last = path.join(world.plane.folder, 'last.jsonl')
  const history = readFileSync(await world.history(), 'utf8')
    .trimEnd()
    .split('\n')
  writeFileSync(last, `${history.at(-1)}\n`)
  assert.equal((await verified(world, world.inbound.dataFolder, last)).verdict, 'faulty')
})

/** Calls over new connections, one after the other; how many, all of them answered. */
async function callAnew(caller: DrivenProgram, signal: AbortSignal): Promise<number> {
  for (let count = 0; ; count++) {
    if (signal.aborted) return count
    assert.equal(callerIn(await call(caller, 'get_inventory', 'fresh')), appId('buyer'))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function activations(output: string): number {
  return output.match(/authority activated.*kind=x509/g)?.length ?? 0
}
