/** What a server that is killed or restarted still knows. */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import type { EntryDefinition } from '../../proto/gen/spire/api/server/entry/v1/Entry.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { GrpcClient, unixTarget } from '../../runtime/grpc/client.ts'
import { ServerProcess, writeServerConfig } from '../support/server-process.ts'
import { once, TestServer } from '../support/test-server.ts'

const trustDomain = 'example.org'

test('a server killed while 500 entries are created has every one that it acknowledged [DONE-4 BAD-7]', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'countersign-kill-'))
  try {
    const config = await writeServerConfig(folder)
    const first = await ServerProcess.start(config)
    const acknowledged = await createUntilKilled(folder, first)
    assert.ok(acknowledged.length >= 100, `only ${acknowledged.length} were acknowledged`)
    const second = await ServerProcess.start(config)
    const entries = entryClient(folder)
    const { entries: found } = await entries.unary('ListEntries', {}, once())
    const ids = new Set(found.map(({ id }) => id))
    assert.deepEqual(
      acknowledged.filter((id) => !ids.has(id)),
      [],
    )
    entries.close()
    assert.deepEqual(await second.end('SIGTERM'), [0, null])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a restart keeps authorities, bundle, entries, agents and tokens [BAD-7]', async () => {
  const first = await TestServer.start()
  const agent = await first.attestAgent()
  const entry = {
    id: 'kept',
    spiffeId: { trustDomain, path: '/kept' },
    parentId: { trustDomain, path: agent.path },
    selectors: [{ type: 'unix', value: 'uid:1' }],
  }
  await first.local.entry.unary('BatchCreateEntry', { entries: [entry] }, once())
  await first.local.agent.unary('CreateJoinToken', { ttl: 600, token: 'later' }, once())
  const before = await first.local.bundle.unary('GetBundle', {}, once())
  await first.stop()

  await using second = await TestServer.start({}, { folder: first.folder })
  assert.deepEqual(await second.local.bundle.unary('GetBundle', {}, once()), before)
  assert.equal((await second.local.entry.unary('GetEntry', { id: 'kept' }, once())).id, 'kept')
  const old = second.withSvid(agent.chain, agent.key)
  await old.svid.unary('BatchNewX509SVID', { params: [{ entryId: '' }] }, once())
  await assert.rejects(
    second.local.agent.unary('CreateJoinToken', { ttl: 600, token: 'later' }, once()),
  )
})

test('a second server on the same folder does not start', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'countersign-twice-'))
  try {
    const first = await ServerProcess.start(await writeServerConfig(folder))
    await assert.rejects(ServerProcess.start(await writeServerConfig(folder)), /code 1/)
    await first.end('SIGTERM')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** Ids whose creation was answered before the kill, which comes in the midst of it. */
async function createUntilKilled(folder: string, server: ServerProcess): Promise<string[]> {
  const entries = entryClient(folder)
  const acknowledged: string[] = []
  let killed: Promise<unknown> | undefined
  const create = async (index: number): Promise<void> => {
    const id = `entry-${index}`
    const entry = {
      id,
      spiffeId: { trustDomain, path: `/w/${index}` },
      parentId: { trustDomain, path: '/node' },
      selectors: [{ type: 'unix', value: 'uid:1' }],
    }
    const { results } = await entries.unary('BatchCreateEntry', { entries: [entry] }, once())
    if (results[0]?.status?.code === 0) acknowledged.push(id)
    if (acknowledged.length === 250) killed = server.end('SIGKILL')
  }
  const workers = Array.from({ length: 8 }, async (_, worker) => {
    for (let index = worker; index < 500; index += 8) await create(index)
  })
  const outcomes = await Promise.allSettled(workers)
  assert.ok(
    outcomes.some(({ status }) => status === 'rejected'),
    'the kill came too late',
  )
  await killed
  entries.close()
  return acknowledged
}

function entryClient(folder: string): GrpcClient<EntryDefinition> {
  const definition = serviceDefinition<EntryDefinition>('spire.api.server.entry.v1.Entry')
  return new GrpcClient(definition, unixTarget(path.join(folder, 'private/api.sock')))
}
