// needs: root

/** Agents that were given one and the same join token: it admits one of them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdentityPlane } from '../../support/identity-plane.ts'

const agents = 8

test('of several agents that start with one token at a time, one serves [DONE-5]', async (t) => {
  const plane = await IdentityPlane.start(t)
  const token = await plane.token()
  const names = Array.from({ length: agents }, (_, index) => `agent-${index}`)
  const programs = await Promise.all(names.map((name) => plane.spawnAgent({ name, token })))
  const outcomes = await Promise.all(
    programs.map(async (program) => {
      const served = program.untilOutput((output) => output.includes('Starting agent APIs'))
      return await Promise.race([served.then(() => 'serves'), program.exited])
    }),
  )
  assert.deepEqual(outcomes.toSorted(), [...Array<number>(agents - 1).fill(1), 'serves'])
  const { agents: attested } = await plane.agents.unary(
    'ListAgents',
    {},
    { signal: AbortSignal.timeout(30_000) },
  )
  assert.equal(attested.length, 1)
})
