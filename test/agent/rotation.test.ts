/** Short SVIDs: renewed without a gap, served while the server is away, never past their end. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { IdentityPlane } from '../support/identity-plane.ts'
import { nodeCommand, RunningProgram } from '../support/running-program.ts'

const uid = process.geteuid?.() ?? 0
const mine = { selectors: [{ type: 'unix', value: `uid:${uid}` }] }

const state = z.object({
  at: z.number(),
  serials: z.array(z.string()),
  notAfter: z.array(z.number()),
})

type State = z.infer<typeof state>

function statesOf({ output }: RunningProgram): State[] {
  return output
    .split('\n')
    .filter((line) => line.includes('"serials"'))
    .map((line) => state.parse(JSON.parse(line)))
}

function follow(plane: IdentityPlane): RunningProgram {
  return new RunningProgram([
    ...nodeCommand('test/support/workload'),
    plane.sockets().workload,
    'stream',
  ])
}

test('SVIDs of 8 s are renewed before they end, each time with a new serial', async (t) => {
  const plane = await IdentityPlane.start(t, { default_x509_svid_ttl: '8s', ca_ttl: '60s' })
  const token = await plane.token()
  await plane.createEntry('w', token, mine)
  await plane.startAgent({ token })
  const workload = follow(plane)
  await workload.untilOutput(() => statesOf(workload).length >= 4, 60_000)
  await workload.end()
  const states = statesOf(workload)
  assert.equal(new Set(states.flatMap(({ serials }) => serials)).size, states.length)
  for (const [at, { notAfter }] of states.slice(0, -1).entries()) {
    const next = states[at + 1]
    assert.ok(next !== undefined && next.at < (notAfter[0] ?? 0), 'the next came before the end')
  }
})

test('an agent serves what it has while its server is away, and nothing that is over [EP-6]', async (t) => {
  const plane = await IdentityPlane.start(t, { default_x509_svid_ttl: '8s', agent_ttl: '1h' })
  const token = await plane.token()
  await plane.createEntry('w', token, mine)
  await plane.startAgent({ token })
  const before = follow(plane)
  await before.untilOutput(() => statesOf(before).length >= 1)
  await plane.killServer()
  const during = follow(plane)
  await during.untilOutput(() => statesOf(during).length >= 1)
  assert.equal(await before.exited, 3)
  assert.match(before.output, /"code":"unavailable"/)
  const last = statesOf(before).at(-1)
  assert.ok(Date.now() >= (last?.notAfter[0] ?? Number.POSITIVE_INFINITY))
  await plane.startServer()
  const after = await untilServed(plane)
  await after.end()
})

test('an agent whose own SVID ended while the server was away stops, and says why', async (t) => {
  const plane = await IdentityPlane.start(t, { default_x509_svid_ttl: '8s', agent_ttl: '5s' })
  const agent = await plane.startAgent({ token: await plane.token() })
  await plane.killServer()
  assert.equal(await agent.exited, 1)
  assert.match(agent.output, /expired before it was renewed/)
})

/** A workload that has its SVID, once the agent has one for it again. */
async function untilServed(plane: IdentityPlane): Promise<RunningProgram> {
  for (const late = Date.now() + 60_000; Date.now() < late; ) {
    const workload = follow(plane)
    await Promise.race([
      workload.exited,
      workload.untilOutput(() => statesOf(workload).length >= 1).catch(() => workload.exited),
    ])
    if (statesOf(workload).length >= 1) return workload
    await workload.end()
  }
  throw new Error('no SVID came')
}
