/** Who may call what: every served method, tried by everybody. */

import assert from 'node:assert/strict'
import { chmod, mkdir, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { Client, credentials, status } from '@grpc/grpc-js'
import type { Entry } from '../../proto/gen/spire/api/types/Entry.ts'
import { Failure } from '../../runtime/failure.ts'
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts'
import { deniedWith, refusedWith } from '../support/refusals.ts'
import { TestCa } from '../support/test-ca.ts'
import {
  type Clients,
  csrOf,
  newKey,
  once,
  type TestAgent,
  TestServer,
} from '../support/test-server.ts'

const adminId = parseSpiffeId('spiffe://example.org/ns/default/admin')
let server: TestServer
let agent: TestAgent
before(async () => {
  server = await TestServer.start({ adminIds: new Set([adminId]) })
  agent = await server.attestAgent()
})
after(() => server[Symbol.asyncDispose]())

type Call = (clients: Clients) => Promise<unknown>

const forOperators: Readonly<Record<string, Call>> = {
  BanAgent: (c) => c.agent.unary('BanAgent', {}, once()),
  CreateJoinToken: (c) => c.agent.unary('CreateJoinToken', {}, once()),
  DeleteAgent: (c) => c.agent.unary('DeleteAgent', {}, once()),
  GetAgent: (c) => c.agent.unary('GetAgent', {}, once()),
  ListAgents: (c) => c.agent.unary('ListAgents', {}, once()),
  BatchCreateEntry: (c) => c.entry.unary('BatchCreateEntry', {}, once()),
  BatchDeleteEntry: (c) => c.entry.unary('BatchDeleteEntry', {}, once()),
  BatchUpdateEntry: (c) => c.entry.unary('BatchUpdateEntry', {}, once()),
  CountEntries: (c) => c.entry.unary('CountEntries', {}, once()),
  GetEntry: (c) => c.entry.unary('GetEntry', {}, once()),
  ListEntries: (c) => c.entry.unary('ListEntries', {}, once()),
  ApplyPolicies: (c) => c.policy.unary('ApplyPolicies', {}, once()),
  DeletePolicy: (c) => c.policy.unary('DeletePolicy', {}, once()),
  DenyAll: (c) => c.policy.unary('DenyAll', {}, once()),
  GetPolicySource: (c) => c.policy.unary('GetPolicySource', {}, once()),
  ListPolicies: (c) => c.policy.unary('ListPolicies', {}, once()),
}

const forAgents: Readonly<Record<string, Call>> = {
  RenewAgent: (c) => c.agent.unary('RenewAgent', {}, once()),
  BatchNewX509SVID: (c) => c.svid.unary('BatchNewX509SVID', {}, once()),
  Watch: async (c) => {
    const call = c.watch.bidi('Watch', once())
    call.send({})
    for await (const message of call.messages) return message
    return undefined
  },
}

for (const [name, call] of Object.entries(forOperators)) {
  test(`${name} is for the private socket and administrators [PLANE-5]`, async () => {
    await assert.rejects(call(server.anonymous()), deniedWith(undefined))
    await assert.rejects(call(agent), deniedWith(undefined))
    await admitted(call(server.local))
    await admitted(call(await workload('/ns/default/admin')))
    await assert.rejects(call(await workload('/ns/default/other')), deniedWith(undefined))
  })
}

for (const [name, call] of Object.entries(forAgents)) {
  test(`${name} is for attested agents [PLANE-5]`, async () => {
    await assert.rejects(call(server.anonymous()), deniedWith(undefined))
    await assert.rejects(call(server.local), deniedWith(undefined))
    await assert.rejects(
      call(await workload('/ns/default/admin')),
      deniedWith('AGENT_NOT_ATTESTED'),
    )
    await admitted(call(agent))
  })
}

test('the bundle is for everybody', async () => {
  for (const clients of [server.local, server.anonymous(), agent])
    await admitted(clients.bundle.unary('GetBundle', {}, once()))
})

test('an entry marked admin makes an administrator, and its deletion unmakes it', async () => {
  const entry: Entry = { ...entryFor('/boss'), id: 'boss', admin: true }
  await server.local.entry.unary('BatchCreateEntry', { entries: [entry] }, once())
  const boss = await workload('/boss', 'boss')
  await admitted(boss.entry.unary('CountEntries', {}, once()))
  await server.local.entry.unary('BatchDeleteEntry', { ids: ['boss'] }, once())
  await assert.rejects(boss.entry.unary('CountEntries', {}, once()), deniedWith(undefined))
})

test('a certificate that the bundle does not vouch for ends the connection', async () => {
  const foreign = new TestCa('example.org')
  const { chain, key } = foreign.svid('spiffe://example.org/ns/default/admin')
  const stranger = server.withSvid(
    chain.map((der) => Buffer.from(der)),
    key,
  )
  await assert.rejects(
    stranger.bundle.unary('GetBundle', {}, once()),
    refusedWith('unavailable', /./),
  )
})

test('health is answered on the private socket only, as a whole', async () => {
  assert.equal((await server.local.health.unary('Check', {}, once())).status, 'SERVING')
  await assert.rejects(
    server.local.health.unary('Check', { service: 'spire.api.server.entry.v1.Entry' }, once()),
    refusedWith('invalid-argument', /^per-service health is not supported$/),
  )
  const { statuses } = await server.local.health.unary('List', {}, once())
  assert.deepEqual(statuses, { '': { status: 'SERVING' } })
  for await (const message of server.local.health.serverStream('Watch', {}, once())) {
    assert.equal(message.status, 'SERVING')
    break
  }
  await assert.rejects(
    server.anonymous().health.unary('Check', {}, once()),
    refusedWith('unimplemented', /^unknown service grpc\.health\.v1\.Health$/),
  )
})

test('what is not served is named in the words of grpc-go [PLANE-5]', async () => {
  const service = 'spire.api.server.entry.v1.Entry'
  assert.equal(await answerTo('/no.such.Service/Nope'), 'unknown service no.such.Service')
  assert.equal(await answerTo(`/${service}/Nope`), `unknown method Nope for service ${service}`)
  assert.equal(
    await answerTo(`/${service}/SyncAuthorizedEntries`),
    `unknown method SyncAuthorizedEntries for service ${service}`,
  )
})

test('the private socket and its folder are closed to others', async () => {
  const file = path.join(server.folder, 'private/api.sock')
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.equal((await stat(path.dirname(file))).mode & 0o777, 0o700)
})

test('no private socket is opened where others could replace it', async () => {
  const folder = path.join(server.folder, 'open')
  await mkdir(folder, { mode: 0o777 })
  await chmod(folder, 0o777)
  await assert.rejects(
    TestServer.start({ socketPath: path.join(folder, 'api.sock') }),
    refusedWith('invalid-configuration', /nobody else can write to/),
  )
})

test('a peer that says nothing, or no TLS, is let go of', async () => {
  const socket = connect(server.port, '127.0.0.1')
  socket.end('GET / HTTP/1.1\r\n\r\n')
  await new Promise((resolve) => socket.once('close', resolve).resume())
})

test('a message over 4 MiB is refused, and the connection serves on [BAD-6]', async () => {
  const source = 'x'.repeat(5 << 20)
  await assert.rejects(
    server.local.policy.unary('ApplyPolicies', { files: [{ source }] }, once()),
    refusedWith('resource-exhausted', /larger than max/),
  )
  assert.equal((await server.local.health.unary('Check', {}, once())).status, 'SERVING')
})

/** Refusals for the argument are fine: authorization is over by then. */
async function admitted(call: Promise<unknown>): Promise<void> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error === undefined) return
  assert.ok(error instanceof Failure)
  assert.notEqual(error.code, 'permission-denied', error.message)
}

/** An SVID for this path, signed for an entry below the agent. */
async function workload(idPath: string, entryId?: string): Promise<Clients> {
  const entry: Entry = { ...entryFor(idPath), id: entryId ?? '' }
  const { results } = await server.local.entry.unary(
    'BatchCreateEntry',
    { entries: [entry] },
    once(),
  )
  const id = results[0]?.entry?.id ?? ''
  const key = newKey()
  const params = [{ entryId: id, csr: csrOf(key) }]
  const signed = await agent.svid.unary('BatchNewX509SVID', { params }, once())
  return server.withSvid(signed.results[0]?.svid?.certChain ?? [], key)
}

function entryFor(idPath: string): Entry {
  return {
    spiffeId: { trustDomain: 'example.org', path: idPath },
    parentId: { trustDomain: 'example.org', path: agent.path },
    selectors: [{ type: 'unix', value: 'uid:1' }],
  }
}

async function answerTo(method: string): Promise<string> {
  const socket = `unix:${path.join(server.folder, 'private/api.sock')}`
  const client = new Client(socket, credentials.createInsecure())
  try {
    return await new Promise((resolve, reject) => {
      const raw = (bytes: Buffer): Buffer => bytes
      client.makeUnaryRequest(method, raw, raw, Buffer.alloc(0), (error) => {
        if (error?.code === status.UNIMPLEMENTED) resolve(error.details)
        else reject(error ?? new Error('the call succeeded'))
      })
    })
  } finally {
    client.close()
  }
}
