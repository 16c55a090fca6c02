/** Node attestation with join tokens, over real TLS. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Failure } from '../../runtime/failure.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { refusedWith } from '../support/refusals.ts'
import { attest, csrOf, newKey, once, TestServer } from '../support/test-server.ts'

const clock = new FakeClock(new Date())
let server: TestServer
before(async () => {
  server = await TestServer.start({}, { clock })
})
after(() => server[Symbol.asyncDispose]())

const used = /join token does not exist or has already been used/

test('of 50 agents that present one token at a time, one is admitted [DONE-5 EDGE-16]', async () => {
  await server.local.agent.unary('CreateJoinToken', { ttl: 60, token: 'one-for-fifty' }, once())
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, () => attest(server.anonymous(), 'one-for-fifty', csrOf(newKey()))),
  )
  const refused = outcomes.flatMap((one) => {
    const reason: unknown = one.status === 'rejected' ? one.reason : undefined
    return reason === undefined ? [] : [reason]
  })
  assert.equal(refused.length, 49)
  for (const reason of refused) {
    assert.ok(reason instanceof Failure)
    assert.equal(reason.code, 'invalid-argument')
    assert.match(reason.message, used)
  }
})

test('a request that cannot be read leaves the token unused', async () => {
  await server.local.agent.unary('CreateJoinToken', { ttl: 60, token: 'kept' }, once())
  await assert.rejects(
    attest(server.anonymous(), 'kept', Buffer.from('bad')),
    refusedWith('invalid-argument', /^failed to parse CSR: /),
  )
  assert.equal((await attest(server.anonymous(), 'kept', csrOf(newKey()))).length, 1)
})

test('a token is refused after its time [EDGE-16]', async () => {
  await server.local.agent.unary('CreateJoinToken', { ttl: 60, token: 'short' }, once())
  clock.advance(61)
  await assert.rejects(
    attest(server.anonymous(), 'short', csrOf(newKey())),
    refusedWith('invalid-argument', /^join token expired$/),
  )
})

test('an attestor that is not configured is named', async () => {
  const call = server.anonymous().agent.bidi('AttestAgent', once())
  call.send({
    step: 'params',
    params: {
      data: { type: 'x509pop', payload: Buffer.from('{}') },
      params: { csr: csrOf(newKey()) },
    },
  })
  await assert.rejects(
    drain(call.messages),
    refusedWith('failed-precondition', /could not find node attestor type "x509pop"$/),
  )
})

test('an evicted agent takes its alias along, and no other entry [EDGE-16]', async () => {
  const agentId = { trustDomain: 'example.org', path: '/node-7' }
  const token = { ttl: 60, token: 'with-alias', agentId }
  await server.local.agent.unary('CreateJoinToken', token, once())
  await attest(server.anonymous(), 'with-alias', csrOf(newKey()))
  const id = { trustDomain: 'example.org', path: '/spire/agent/join_token/with-alias' }
  const child = {
    spiffeId: { trustDomain: 'example.org', path: '/child' },
    parentId: id,
    selectors: [{ type: 'unix', value: 'uid:1' }],
  }
  await server.local.entry.unary('BatchCreateEntry', { entries: [child] }, once())
  await server.local.agent.unary('DeleteAgent', { id }, once())
  const { entries } = await server.local.entry.unary(
    'ListEntries',
    { filter: { byParentId: id } },
    once(),
  )
  assert.deepEqual(
    entries.map(({ spiffeId }) => spiffeId?.path),
    ['/child'],
  )
})

test('a token text that has no place in a SPIFFE ID cannot name an agent', async () => {
  await server.local.agent.unary('CreateJoinToken', { ttl: 60, token: 'a/b' }, once())
  await assert.rejects(
    attest(server.anonymous(), 'a/b', csrOf(newKey())),
    refusedWith('protocol-error', /^failed to create join token ID: path segment characters/),
  )
})

async function drain(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _message of messages);
}

test('agents are listed in the order in which they were attested, banned since or not', async () => {
  for (const token of ['order-z', 'order-a', 'order-m']) {
    await server.local.agent.unary('CreateJoinToken', { ttl: 60, token }, once())
    await attest(server.anonymous(), token, csrOf(newKey()))
    clock.advance(1)
  }
  const id = { trustDomain: 'example.org', path: '/spire/agent/join_token/order-z' }
  await server.local.agent.unary('BanAgent', { id }, once())
  const { agents } = await server.local.agent.unary('ListAgents', {}, once())
  const listed = agents.map((agent) => agent.id?.path.replace(/.*\//, ''))
  assert.deepEqual(listed.slice(-3), ['order-z', 'order-a', 'order-m'])
})
