/** The TLS server under raw clients: what a handshake may be, who judges it, and that none is resumed. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { credentials, Server } from '@grpc/grpc-js'
import type { HealthDefinition } from '../../proto/gen/grpc/health/v1/Health.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { Failure } from '../../runtime/failure.ts'
import { GrpcClient } from '../../runtime/grpc/client.ts'
import { serveTls, type TlsListening } from '../../runtime/grpc/tls-server.ts'
import { presentedChain } from '../../runtime/tls/presented-chain.ts'
import { TestCa } from '../support/test-ca.ts'

const ca = new TestCa('example.org')
const server = ca.svid('/spire/server')
const client = ca.svid('/agent')
const identity = { cert: server.chainPem, key: server.keyPem }

let listening: TlsListening
let accept: (socket: TLSSocket) => void = () => undefined
const accepted: TLSSocket[] = []

before(async () => {
  listening = await serveTls({
    host: '127.0.0.1',
    port: 0,
    grpc: new Server(),
    identity,
    accept: (socket) => {
      accepted.push(socket)
      accept(socket)
    },
  })
})
after(() => listening.close())

/** The finished handshake; how the server takes it shows later. */
async function handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: listening.port,
    ALPNProtocols: ['h2'],
    rejectUnauthorized: false,
    ...options,
  })
  await once(socket, 'secureConnect')
  return socket.on('error', () => undefined)
}

/** Whether the server speaks HTTP/2 to the client: its settings are the first thing it says. */
async function isServed(socket: TLSSocket): Promise<boolean> {
  const isData = await Promise.race([
    once(socket, 'data').then(() => true),
    once(socket, 'close').then(() => false),
  ])
  socket.destroy()
  return isData
}

test('a client certificate is asked for and not required [EDGE-13]', async () => {
  accepted.length = 0
  assert.equal(await isServed(await handshake()), true)
  assert.equal(await isServed(await handshake({ cert: client.chainPem, key: client.keyPem })), true)
  const chains = accepted.map((socket) =>
    presentedChain(socket.getPeerCertificate(true), 16).map((der) => Buffer.from(der)),
  )
  assert.deepEqual(chains, [[], client.chain.map((der) => Buffer.from(der))])
})

test('who is not accepted gets a closed connection and not one byte', async () => {
  accept = () => {
    throw new Failure('unauthenticated', 'not you')
  }
  try {
    assert.equal(await isServed(await handshake()), false)
  } finally {
    accept = () => undefined
  }
})

test('a session is never resumed, with either version of TLS [EDGE-13]', async () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const limits = { minVersion: version, maxVersion: version }
    const first = await handshake(limits)
    const sessions: Buffer[] = []
    first.on('session', (session: Buffer) => sessions.push(session))
    const session = first.getSession()
    await isServed(first)
    const tried = [session, ...sessions].filter((one) => one !== undefined)
    assert.ok(tried.length > 0)
    for (const one of tried) {
      const second = await handshake({ ...limits, session: one })
      assert.equal(second.isSessionReused(), false, version)
      second.destroy()
    }
  }
})

test('without h2, with an old TLS or in plain text nobody gets through', async () => {
  assert.equal(await isServed(await handshake({ ALPNProtocols: [] })), false)
  const legacy = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
  await assert.rejects(handshake(legacy))
})

test('a new identity is for new handshakes, and open connections stay', async () => {
  const open = await handshake()
  const next = ca.svid('/spire/server')
  listening.setIdentity({ cert: next.chainPem, key: next.keyPem })
  const fresh = await handshake()
  const [leaf] = next.chain
  assert.deepEqual(fresh.getPeerCertificate().raw, Buffer.from(leaf ?? []))
  assert.equal(open.destroyed, false)
  assert.equal(await isServed(fresh), true)
  assert.equal(await isServed(open), true)
})

test('a gRPC client that trusts another authority does not talk to this server', async () => {
  const other = new TestCa('example.org')
  const health = serviceDefinition<HealthDefinition>('grpc.health.v1.Health')
  const stranger = new GrpcClient(
    health,
    `127.0.0.1:${listening.port}`,
    credentials.createSsl(Buffer.from(other.certificatePem)),
  )
  const call = stranger.unary('Check', {}, { signal: AbortSignal.timeout(30_000) })
  await assert.rejects(call, { code: 'unavailable' })
  stranger.close()
})

test('a port that is taken is named', async () => {
  const again = serveTls({
    host: '127.0.0.1',
    port: listening.port,
    grpc: new Server(),
    identity,
    accept: () => undefined,
  })
  await assert.rejects(again, { code: 'unavailable', message: /cannot listen on 127\.0\.0\.1:\d+/ })
})
