/** Watch streams: what an agent is told, when, and how streams end. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { FakeClock } from '../support/fake-clock.ts'
import { deniedWith } from '../support/refusals.ts'
import { csrOf, once, type TestAgent, TestServer } from '../support/test-server.ts'
import { Watched } from '../support/watched.ts'

const clock = new FakeClock(new Date())
let server: TestServer
before(async () => {
  server = await TestServer.start({}, { clock })
})
after(() => server[Symbol.asyncDispose]())

const trustDomain = 'example.org'

test('the first message replaces everything and holds entries, bundle and policies', async () => {
  const agent = await server.attestAgent()
  const id = await entryBelow(agent, '/ns/default/first')
  await server.local.policy.unary(
    'ApplyPolicies',
    { files: [{ source: policyFor('first') }] },
    once(),
  )
  const watched = new Watched(agent)
  const { reset, more, entries, bundles, policies } = await watched.until(() => true)
  assert.deepEqual([reset, more], [true, false])
  assert.deepEqual(
    entries.map((entry) => entry.id),
    [id],
  )
  assert.deepEqual(
    bundles.map((bundle) => bundle.trustDomain),
    [trustDomain],
  )
  assert.equal(policies[0]?.policies[0]?.source, policyFor('first'))
  watched.close()
})

test('a new entry, a change and a deletion each arrive by themselves', async () => {
  const agent = await server.attestAgent()
  const watched = new Watched(agent)
  await watched.until(({ reset }) => reset)
  const id = await entryBelow(agent, '/pushed')
  const created = await watched.until(({ entries }) => entries.some((entry) => entry.id === id))
  assert.equal(created.reset, false)
  await server.local.entry.unary(
    'BatchUpdateEntry',
    { entries: [{ id, hint: 'h' }], inputMask: { hint: true } },
    once(),
  )
  const updated = await watched.until(({ entries }) => entries.some(({ hint }) => hint === 'h'))
  assert.equal(updated.entries[0]?.revisionNumber, '1')
  await server.local.entry.unary('BatchDeleteEntry', { ids: [id] }, once())
  await watched.until(({ deletedEntryIds }) => deletedEntryIds.includes(id))
  const revisions = watched.messages.map(({ revision }) => Number(revision))
  assert.deepEqual(
    revisions,
    [...new Set(revisions)].sort((a, b) => a - b),
  )
  watched.close()
})

test('entries of other agents are never sent', async () => {
  const [agent, other] = [await server.attestAgent(), await server.attestAgent()]
  const watched = new Watched(agent)
  await watched.until(({ reset }) => reset)
  const foreign = await entryBelow(other, '/foreign')
  const own = await entryBelow(agent, '/own')
  await watched.until(({ entries }) => entries.some((entry) => entry.id === own))
  const sent = watched.messages.flatMap(({ entries }) => entries.map((entry) => entry.id))
  assert.ok(!sent.includes(foreign))
  watched.close()
})

test('an entry below an entry arrives with its parent', async () => {
  const agent = await server.attestAgent()
  const below = await create({ spiffeId: '/grandchild', parentId: '/middle' })
  const watched = new Watched(agent)
  await watched.until(({ reset }) => reset)
  await create({ spiffeId: '/middle', parentId: agent.path })
  await watched.until(({ entries }) => entries.some((entry) => entry.id === below))
  watched.close()
})

test('policies of a hosted app arrive when they change, also when none is left', async () => {
  const agent = await server.attestAgent()
  await entryBelow(agent, '/ns/default/guarded')
  const watched = new Watched(agent)
  await watched.until(({ reset }) => reset)
  await server.local.policy.unary(
    'ApplyPolicies',
    { files: [{ source: policyFor('guarded') }] },
    once(),
  )
  await watched.until(({ policies }) => policies.some((app) => app.policies.length === 1))
  const app = 'spiffe://example.org/ns/default/guarded'
  await server.local.policy.unary('DeletePolicy', { app, name: 'p' }, once())
  await watched.until(({ policies }) =>
    policies.some((one) => one.app === app && one.policies.length === 0),
  )
  watched.close()
})

test('an agent that comes back with the last revision gets only what has changed', async () => {
  const agent = await server.attestAgent()
  await entryBelow(agent, '/before')
  const first = new Watched(agent)
  const { revision } = await first.until(({ reset }) => reset)
  first.close()
  await first.ended
  const id = await entryBelow(agent, '/meanwhile')
  const second = new Watched(agent, { revision })
  const { reset, entries } = await second.until(() => true)
  assert.equal(reset, false)
  assert.deepEqual(
    entries.map((entry) => entry.id),
    [id],
  )
  second.close()
  await second.ended
  const third = new Watched(agent, { revision })
  assert.equal((await third.until(() => true)).reset, true, 'an older revision gets everything')
  third.close()
})

test('a ban ends the stream with its reason, and the connection is good for nothing more [EDGE-15]', async () => {
  const agent = await server.attestAgent()
  const watched = new Watched(agent)
  await watched.until(({ reset }) => reset)
  await server.local.agent.unary('BanAgent', { id: idOf(agent) }, once())
  deniedWith('AGENT_BANNED')(await watched.ended)
  await assert.rejects(
    agent.svid.unary('BatchNewX509SVID', { params: [] }, once()),
    deniedWith('AGENT_BANNED'),
  )
})

test('an eviction ends the stream with its reason [EDGE-15]', async () => {
  const agent = await server.attestAgent()
  const watched = new Watched(agent)
  await watched.until(({ reset }) => reset)
  await server.local.agent.unary('DeleteAgent', { id: idOf(agent) }, once())
  deniedWith('AGENT_NOT_ATTESTED')(await watched.ended)
})

test('the first use of a renewed SVID ends the stream of the old one quietly', async () => {
  const agent = await server.attestAgent()
  const watched = new Watched(agent)
  await watched.until(({ reset }) => reset)
  const params = { csr: csrOf(agent.key) }
  const { svid } = await agent.agent.unary('RenewAgent', { params }, once())
  const renewed = new Watched(server.withSvid(svid?.certChain ?? [], agent.key))
  await renewed.until(({ reset }) => reset)
  assert.equal(await watched.ended, undefined)
  renewed.close()
})

test('an agent has at most two streams, and the newest go on', async () => {
  const agent = await server.attestAgent()
  const streams: Watched[] = []
  for (let count = 0; count < 3; count++) {
    const watched = new Watched(agent)
    streams.push(watched)
    await watched.until(({ reset }) => reset)
  }
  assert.equal(await streams[0]?.ended, undefined)
  const id = await entryBelow(agent, '/for-two')
  for (const watched of streams.slice(1)) {
    await watched.until(({ entries }) => entries.some((entry) => entry.id === id))
    watched.close()
  }
})

test('an entry that expires is taken back, and the end of the SVID ends the stream', async () => {
  const agent = await server.attestAgent()
  const expiresAt = Math.floor(clock.now().getTime() / 1000) + 600
  const id = await create({ spiffeId: '/brief', parentId: agent.path, expiresAt })
  const watched = new Watched(agent)
  await watched.until(({ entries }) => entries.some((entry) => entry.id === id))
  clock.advance(601)
  await watched.until(({ deletedEntryIds }) => deletedEntryIds.includes(id))
  clock.advance(3600)
  assert.equal(await watched.ended, undefined)
})

function idOf({ path }: TestAgent) {
  return { trustDomain, path }
}

function entryBelow(agent: TestAgent, path: string): Promise<string> {
  return create({ spiffeId: path, parentId: agent.path })
}

async function create(wanted: {
  spiffeId: string
  parentId: string
  expiresAt?: number
}): Promise<string> {
  const entry = {
    spiffeId: { trustDomain, path: wanted.spiffeId },
    parentId: { trustDomain, path: wanted.parentId },
    selectors: [{ type: 'unix', value: 'uid:1' }],
    expiresAt: wanted.expiresAt ?? 0,
  }
  const { results } = await server.local.entry.unary(
    'BatchCreateEntry',
    { entries: [entry] },
    once(),
  )
  const [result] = results
  assert.equal(result?.status?.message, 'OK')
  return result.entry?.id ?? ''
}

function policyFor(app: string): string {
  return [
    'apiVersion: countersign.dev/v1',
    'kind: AccessPolicy',
    'metadata: {name: p}',
    `spec: {app: ${app}, rules: [{callers: "*", tcp: "*"}]}`,
    '',
  ].join('\n')
}
