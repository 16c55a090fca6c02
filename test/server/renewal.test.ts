/** Renewal in two phases: the new SVID counts from its first use on, and until then the old one does. */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import { deniedWith } from '../support/refusals.ts'
import { csrOf, once, type TestAgent, TestServer } from '../support/test-server.ts'

let server: TestServer
before(async () => {
  server = await TestServer.start()
})
after(() => server[Symbol.asyncDispose]())

/** A call that any attested agent may make; it is refused for its argument, after authorization. */
const harmless = { params: [{ entryId: '', csr: Buffer.alloc(0) }] }

test('old and new SVID are both good until the new one is used, then the old one is not [EDGE-14 EDGE-13]', async () => {
  const agent = await server.attestAgent()
  const renewed = await renew(agent)
  await agent.svid.unary('BatchNewX509SVID', harmless, once())
  assert.equal(await serialOf(agent), serialIn(agent.chain))
  await renewed.svid.unary('BatchNewX509SVID', harmless, once())
  assert.equal(await serialOf(agent), serialIn(renewed.chain))
  await assert.rejects(
    agent.svid.unary('BatchNewX509SVID', harmless, once()),
    deniedWith('AGENT_NOT_ACTIVE'),
  )
})

test('of two renewals before a use, the later counts', async () => {
  const agent = await server.attestAgent()
  const first = await renew(agent)
  const second = await renew(agent)
  await assert.rejects(
    first.svid.unary('BatchNewX509SVID', harmless, once()),
    deniedWith('AGENT_NOT_ACTIVE'),
  )
  await second.svid.unary('BatchNewX509SVID', harmless, once())
})

test('a pending SVID survives a restart of the server [EDGE-14 BAD-7]', async () => {
  const own = await TestServer.start()
  const agent = await own.attestAgent()
  const chain = await renewedChain(agent)
  await own.stop()
  await using again = await TestServer.start({}, { folder: own.folder })
  const renewed = again.withSvid(chain, agent.key)
  await renewed.svid.unary('BatchNewX509SVID', harmless, once())
  await assert.rejects(
    again.withSvid(agent.chain, agent.key).svid.unary('BatchNewX509SVID', harmless, once()),
    deniedWith('AGENT_NOT_ACTIVE'),
  )
})

async function renew(agent: TestAgent) {
  const chain = await renewedChain(agent)
  return { ...server.withSvid(chain, agent.key), chain }
}

/** Renewed with the same key, which is simplest here. */
async function renewedChain(agent: TestAgent): Promise<Buffer[]> {
  const { svid } = await agent.agent.unary(
    'RenewAgent',
    { params: { csr: csrOf(agent.key) } },
    once(),
  )
  return svid?.certChain ?? []
}

async function serialOf({ path }: TestAgent): Promise<string> {
  const id = { trustDomain: 'example.org', path }
  const agent = await server.local.agent.unary('GetAgent', { id }, once())
  return agent.x509svidSerialNumber
}

function serialIn([leaf]: readonly Buffer[]): string {
  assert.ok(leaf)
  return BigInt(`0x${new X509Certificate(leaf).serialNumber}`).toString()
}
