/** A ban lasts, an eviction does not: what becomes of an agent that attests again. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deniedWith, refusedWith } from '../support/refusals.ts'
import { attest, csrOf, newKey, once, TestServer } from '../support/test-server.ts'

let server: TestServer
before(async () => {
  server = await TestServer.start()
})
after(() => server[Symbol.asyncDispose]())

/** A call that any attested agent may make. */
const harmless = { params: [] }

const idOf = (path: string) => ({ trustDomain: 'example.org', path })

/** Attests with a new token of this text: the same agent comes back. */
async function comeBack(token: string): Promise<Buffer[]> {
  await server.local.agent.unary('CreateJoinToken', { ttl: 60, token }, once())
  return await attest(server.anonymous(), token, csrOf(newKey()))
}

test('a banned agent stays known, is refused everything, and cannot attest again [EDGE-15]', async () => {
  const agent = await server.attestAgent('banned-one')
  const id = idOf(agent.path)
  await server.local.agent.unary('BanAgent', { id }, once())
  await assert.rejects(
    agent.svid.unary('BatchNewX509SVID', harmless, once()),
    deniedWith('AGENT_BANNED'),
  )
  await assert.rejects(
    comeBack('banned-one'),
    refusedWith('permission-denied', /^failed to attest: agent is banned$/),
  )
  const kept = await server.local.agent.unary('GetAgent', { id }, once())
  assert.deepEqual([kept.banned, kept.x509svidSerialNumber], [true, ''])
})

test('an evicted agent is unknown, and may attest again, a ban included [EDGE-15]', async () => {
  for (const isBanned of [false, true]) {
    const name = `evicted-${isBanned}`
    const agent = await server.attestAgent(name)
    const id = idOf(agent.path)
    if (isBanned) await server.local.agent.unary('BanAgent', { id }, once())
    await server.local.agent.unary('DeleteAgent', { id }, once())
    await assert.rejects(
      agent.svid.unary('BatchNewX509SVID', harmless, once()),
      deniedWith('AGENT_NOT_ATTESTED'),
    )
    await assert.rejects(
      server.local.agent.unary('GetAgent', { id }, once()),
      refusedWith('not-found', /agent not found/),
    )
    assert.equal((await comeBack(name)).length, 1)
    const { banned } = await server.local.agent.unary('GetAgent', { id }, once())
    assert.equal(banned, false)
  }
})
