import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { Deadlines } from '../../../runtime/deadlines.ts'
import { parseSpiffeId } from '../../../spiffe/spiffe-id.ts'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import { type LiveStream, LiveStreams } from './live-streams.ts'
import { armRotationAlarm } from './rotation-alarm.ts'

test('halfway to the activation, agents that have not acknowledged the bundle are named', async () => {
  const clock = new FakeClock()
  const deadlines = new Deadlines(clock)
  const streams = new LiveStreams()
  streams.add(streamOf('behind', 1n))
  streams.add(streamOf('ready', 2n))
  const alarm = new Promise<unknown>((resolve) => {
    const log = pino({}, { write: (line: string) => resolve(JSON.parse(line)) })
    const activateAt = new Date(clock.now().getTime() + 3_600_000)
    armRotationAlarm({ streams, clock, deadlines, bundleSequence: () => 2n, log }, activateAt)
  })
  clock.advance(1801)
  const alive = setTimeout(() => undefined, 60_000)
  const said = await alarm
  clearTimeout(alive)
  assert.ok(typeof said === 'object' && said !== null && 'agentIds' in said && 'count' in said)
  assert.deepEqual(said.agentIds, ['spiffe://example.org/spire/agent/behind'])
  assert.equal(said.count, 1)
})

function streamOf(name: string, acknowledgedBundle: bigint): LiveStream {
  return {
    agentId: parseSpiffeId(`spiffe://example.org/spire/agent/${name}`),
    acknowledgedBundle,
    isAliased: () => false,
    wake: () => undefined,
    supersede: () => undefined,
  }
}
