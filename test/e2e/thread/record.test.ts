// needs: root, setpriv

/** Every call has one decision, and one outcome if it was let through: no more, and no fewer. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, call, callerIn, errorIn, seenBy } from '../../support/answers.ts'
import { recordsIn, verified } from '../../support/verified.ts'
import { World } from '../../support/world.ts'

const policy = `apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: mixed}
spec:
  app: inventory
  rules:
    - callers: [reporter]
      mcp: {tools: [get_inventory]}
    - callers: [reporter, buyer]
      mcp: {tools: [update_stock]}
`
const requests = 2000
const atATime = 8

test(`${requests} mixed calls: as many decisions as calls, as many outcomes as calls let through [REC-1 REC-2 REC-9]`, {
  timeout: 300_000,
}, async (t) => {
  const world = await World.start(t, { policy })
  const callers = (['reporter', 'buyer', 'other'] as const).map((role) => world.caller(role))
  const tools = ['get_inventory', 'update_stock', 'drop_table'] as const
  const tally = { allowed: 0, denied: 0, refused: 0 }
  let begun = 0
  const worker = async (): Promise<void> => {
    for (let at = begun++; at < requests; at = begun++) {
      const caller = callers[at % callers.length]
      const tool = tools[Math.floor(at / 3) % tools.length]
      assert.ok(caller !== undefined && tool !== undefined)
      tally[kindOf(await call(caller, tool, at % 7 === 0 ? 'fresh' : 'kept'))]++
    }
  }
  await Promise.all(Array.from({ length: atATime }, worker))
  assert.equal(tally.allowed + tally.denied + tally.refused, requests)
  assert.equal((await seenBy(world.app)).requests, tally.allowed)
  await world.outbound.program.end('SIGTERM')
  await world.inbound.program.end('SIGTERM')

  const [inbound, outbound] = [world.inbound, world.outbound].map(({ dataFolder }) =>
    recordsIn(dataFolder),
  )
  assert.ok(inbound !== undefined && outbound !== undefined)
  const all = [...inbound, ...outbound]
  const decisions = all.filter(({ kind }) => kind === 'decision')
  const outcomes = all.filter(({ kind }) => kind === 'outcome')
  assert.equal(decisions.length, requests)
  assert.equal(new Set(decisions.map(({ decisionId }) => decisionId)).size, requests)
  const allowed = decisions.filter(({ verdict }) => verdict === 'allow')
  assert.equal(allowed.length, tally.allowed)
  assert.deepEqual(
    outcomes.map(({ decisionId }) => decisionId).sort(),
    allowed.map(({ decisionId }) => decisionId).sort(),
  )
  assert.ok(outcomes.every(({ ended }) => ended === 'complete'))
  assert.equal(outbound.filter(({ kind }) => kind === 'decision').length, tally.refused)
  for (const { dataFolder } of [world.inbound, world.outbound]) {
    const { verdict, files } = await verified(world, dataFolder)
    assert.equal(verdict, 'intact')
    assert.equal(files[0]?.report.unknownOutcomes, 0)
  }
  t.diagnostic(`${tally.allowed} allowed, ${tally.denied} denied, ${tally.refused} not identified`)
})

function kindOf(answer: Answer): 'allowed' | 'denied' | 'refused' {
  if (callerIn(answer) !== undefined) return 'allowed'
  if (answer.status === 403) return 'refused'
  assert.equal(errorIn(answer)?.code, 403001, answer.text)
  return 'denied'
}
