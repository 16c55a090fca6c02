/**
 * Who speaks with whom: the calling process, the app's process and both proxies' peers are who they
 * should be, or nothing is sent. docs/local-peers.md; X509-SVID section 5.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { connect, createServer as createTlsServer } from 'node:tls'
import { CountingUpstream } from '../support/counting-upstream.ts'
import {
  appId,
  type Bench,
  type BenchOptions,
  callerId,
  openBench,
} from '../support/proxy-bench.ts'
import { askBytes, mtlsDoor, plainDoor, type RawAnswer, readAnswer } from '../support/raw-http.ts'
import { TestCa, type TestSvid } from '../support/test-ca.ts'

const policies = `
apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: identity}
spec:
  app: tools
  rules:
    - callers: [weather]
      mcp: {tools: [get_weather]}
`

const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather"}}'

let upstream: CountingUpstream
let bench: Bench

async function begin(options: Partial<BenchOptions> = {}): Promise<void> {
  bench = await openBench({ upstream: { tcp: upstream.address }, policies, ...options })
}

beforeEach(async () => {
  upstream = await CountingUpstream.open()
})

afterEach(async () => {
  await bench.close()
  await upstream.close()
})

function call(port: number): Buffer {
  const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n`
  return Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n${body}`)
}

async function callOut(): Promise<RawAnswer> {
  return await askBytes(plainDoor(bench.outboundPort), call(bench.outboundPort))
}

/** One more call over the same connection. */
async function callOver(agent: Agent): Promise<{ status: number; text: string }> {
  const asked = request({
    agent,
    port: bench.outboundPort,
    host: '127.0.0.1',
    path: '/mcp',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  })
  asked.end(body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of answer) text += String(chunk)
  return { status: answer.statusCode ?? 0, text }
}

/** The same call once more over the same connection. */
function repeated(socket: Socket): () => Promise<RawAnswer> {
  return async () => {
    socket.write(call(bench.outboundPort))
    return await readAnswer(socket)
  }
}

/** What is under way when the identity ends is cut; what comes later is refused. */
async function refusedSoon(again: () => Promise<RawAnswer>): Promise<void> {
  const deadline = Date.now() + 20_000
  let last = await again()
  while (last.status === 200 && Date.now() < deadline) last = await again()
  assert.ok(last.status === 0 || reasonIn(last.body) === 'identity-ended', last.body)
}

function oneConnection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 })
}

function reasonIn(text: string): unknown {
  return /"reason":"([a-z-]+)"/.exec(text)?.[1]
}

test('a process without an identity is refused, and the refusal recorded [ACC-7]', async () => {
  await begin()
  bench.callerIs(undefined)
  const answer = await callOut()
  assert.equal(answer.status, 403)
  assert.equal(reasonIn(answer.body), 'caller-not-identified')
  assert.deepEqual(upstream.take(), [])
  const [denial] = (await bench.records('outbound')).filter(({ kind }) => kind === 'decision')
  assert.equal(denial?.decisionId, answer.fields.get('x-countersign-decision-id'))
  assert.equal(denial?.verdict, 'deny')
  assert.equal(denial.callee?.spiffeId, appId)
  assert.equal(denial.caller, undefined)
})

test('no request starts on a connection whose process is gone [ACC-13]', async () => {
  await begin()
  const socket = await plainDoor(bench.outboundPort)()
  const again = repeated(socket)
  assert.equal((await again()).status, 200)
  bench.agent.end(callerId)
  await refusedSoon(again)
  socket.destroy()
  assert.equal((await callOut()).status, 200, 'a new connection is asked about anew')
})

test('connections of one identity never carry the requests of another [ACC-12]', async () => {
  await begin()
  assert.equal((await callOut()).status, 200)
  bench.callerIs('spiffe://example.org/ns/default/other')
  const denied = await callOut()
  assert.equal(reasonIn(denied.body), 'caller-not-allowed')
  bench.callerIs(callerId)
  assert.equal((await callOut()).status, 200)
  const seen = upstream.take().map(({ headers }) => headers['x-forwarded-client-cert'])
  assert.equal(seen.length, 2)
  assert.ok(seen.every((each) => String(each).endsWith(`URI=${callerId}`)))
})

test('when a connection is gone, nobody is asked about it any more', async () => {
  await begin({ limits: { upstream_idle_timeout: '50ms' } })
  for (let round = 0; round < 20; round++) {
    const [one, two, three] = await Promise.all([callOut(), callOut(), callOut()])
    assert.deepEqual([one.status, two.status, three.status], [200, 200, 200])
  }
  // The connection that keeps the app's SVID fresh stays.
  await eventually(() => Promise.resolve(bench.agent.identified === 1))
})

test('not one byte goes to a process that is not attested as the app [ACC-9]', async () => {
  await begin()
  assert.equal((await callOut()).status, 200)
  bench.appIs(undefined)
  bench.agent.end(appId)
  await eventually(async () => reasonIn((await callOut()).body) === 'upstream-not-attested')
  upstream.take()
  const refused = await callOut()
  assert.equal(refused.status, 503)
  assert.match(refused.body, /"code":503001/)
  assert.deepEqual(upstream.take(), [])

  bench.appIs('spiffe://example.org/ns/default/other')
  assert.equal((await callOut()).status, 503, 'another app is not the app')
  assert.deepEqual(upstream.take(), [])

  bench.appIs(appId)
  assert.equal((await callOut()).status, 200)
})

test('an app that is down is said to be down', async () => {
  await begin()
  assert.equal((await callOut()).status, 200)
  await upstream.close()
  await eventually(async () => reasonIn((await callOut()).body) === 'upstream-unreachable')
  upstream = await CountingUpstream.open()
})

test('a listener whose app was never attested closes what connects', async () => {
  await begin({ upstream: { tcp: '127.0.0.1:1' }, limits: { handshake_timeout: '300ms' } })
  await assert.rejects(mtlsDoor(bench.inboundPort, bench.ca.svid(callerId))())
})

test('the peer at the address has to be exactly the app [ACC-10]', async () => {
  const foreign = new TestCa('example.org')
  const past = { notBefore: new Date(Date.now() - 7200_000), notAfter: new Date(Date.now() - 1000) }
  const impostors: Record<string, (own: TestCa) => TestSvid> = {
    'another app of the same trust domain': (own) => own.svid('/ns/default/other'),
    'an expired SVID of the app': (own) => own.svid(appId, past),
    'an authority that is not in the bundle': () => foreign.svid(appId),
  }
  await begin()
  for (const [name, svid] of Object.entries(impostors)) {
    let received = 0
    const own = svid(bench.ca)
    const server = createTlsServer({ cert: own.chainPem, key: own.keyPem }, (socket) => {
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length
      })
      socket.on('error', () => undefined)
    })
    server.on('tlsClientError', () => undefined)
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const { port } = server.address() as AddressInfo
    const other = await openBench({
      upstream: { tcp: upstream.address },
      policies,
      address: `127.0.0.1:${port}`,
      ca: bench.ca,
    })
    const answer = await askBytes(plainDoor(other.outboundPort), call(other.outboundPort))
    assert.equal(answer.status, 502, name)
    assert.equal(reasonIn(answer.body), 'peer-not-expected', name)
    assert.equal(received, 0, name)
    await other.close()
    server.close()
  }
})

test('a peer without a good SVID is closed before it can ask [ACC-10]', async () => {
  await begin()
  const foreign = new TestCa('example.org')
  const elsewhere = new TestCa('evil.test')
  const strangers: Record<string, TestSvid> = {
    'a foreign authority with our ID': foreign.svid(callerId),
    'another trust domain': elsewhere.svid('/ns/default/weather'),
    expired: bench.ca.svid(callerId, {
      notBefore: new Date(Date.now() - 7200_000),
      notAfter: new Date(Date.now() - 1000),
    }),
    'not yet valid': bench.ca.svid(callerId, { notBefore: new Date(Date.now() + 60_000) }),
  }
  for (const [name, svid] of Object.entries(strangers)) {
    const answer = await askBytes(mtlsDoor(bench.inboundPort, svid), call(bench.inboundPort))
    assert.equal(answer.status, 0, name)
  }
  const socket = connect({ port: bench.inboundPort, host: '127.0.0.1', rejectUnauthorized: false })
  socket.on('error', () => undefined)
  socket.write(call(bench.inboundPort))
  assert.equal((await readAnswer(socket)).status, 0, 'no certificate')
  assert.deepEqual(upstream.take(), [])
  await eventually(async () =>
    (await bench.records('inbound')).some(({ kind }) => kind === 'summary'),
  )
})

test('nothing older than TLS 1.3 is spoken, and no session is resumed [EDGE-13]', async () => {
  await begin()
  const { chainPem, keyPem } = bench.ca.svid(callerId)
  const options = { port: bench.inboundPort, host: '127.0.0.1', rejectUnauthorized: false }
  const old = connect({ ...options, cert: chainPem, key: keyPem, maxVersion: 'TLSv1.2' })
  await assert.rejects(once(old, 'secureConnect'))
  const first = connect({ ...options, cert: chainPem, key: keyPem })
  const sessions: Buffer[] = []
  first.on('session', (session: Buffer) => sessions.push(session))
  await once(first, 'secureConnect')
  first.write(call(bench.inboundPort))
  assert.equal((await readAnswer(first)).status, 200)
  first.destroy()
  for (const session of sessions) {
    const again = connect({ ...options, cert: chainPem, key: keyPem, session })
    await once(again, 'secureConnect')
    assert.equal(again.isSessionReused(), false)
    again.destroy()
  }
})

test('no request starts on a connection whose SVID has expired [ACC-13]', async () => {
  await begin()
  const svid = bench.ca.svid(callerId, { notAfter: new Date(Date.now() + 2000) })
  const socket = await mtlsDoor(bench.inboundPort, svid)()
  socket.write(call(bench.inboundPort))
  assert.equal((await readAnswer(socket)).status, 200)
  await new Promise((resolve) => setTimeout(resolve, 2100))
  socket.write(call(bench.inboundPort))
  const late = await readAnswer(socket)
  assert.equal(late.status, 401)
  assert.equal(reasonIn(late.body), 'svid-expired')
  socket.destroy()
})

test('while the agent restarts, known callers go on and new ones are refused [ACC-14]', async () => {
  await begin()
  const agent = oneConnection()
  assert.equal((await callOver(agent)).status, 200)
  await bench.agent.stop()
  for (let round = 0; round < 3; round++) assert.equal((await callOver(agent)).status, 200)
  const refused = await callOut()
  assert.equal(reasonIn(refused.body), 'caller-not-identified')
  await bench.agent.start()
  await eventually(async () => (await callOut()).status === 200)
  assert.equal((await callOver(agent)).status, 200)
  agent.destroy()
})

test('a caller that is somebody else after the restart is refused', async () => {
  await begin()
  const socket = await plainDoor(bench.outboundPort)()
  const again = repeated(socket)
  assert.equal((await again()).status, 200)
  await bench.agent.stop()
  bench.callerIs('spiffe://example.org/ns/default/other')
  await bench.agent.start()
  await refusedSoon(again)
  socket.destroy()
})

test('without a policy everybody is denied, and the last good one outlives the agent [ACC-1 ACC-4]', async () => {
  await begin()
  await bench.agent.removePolicies()
  await eventually(async () => reasonIn((await callOut()).body) === 'no-policy')
  await bench.agent.setPolicies(policies)
  await eventually(async () => (await callOut()).status === 200)
  const agent = oneConnection()
  assert.equal((await callOver(agent)).status, 200)
  await bench.agent.stop()
  assert.equal((await callOver(agent)).status, 200)
  agent.destroy()
})

test('policies that cannot be read deny everything', async () => {
  await begin()
  await bench.agent.setSource(appId, policies.replace('rules:', 'rulez:'))
  await eventually(async () => reasonIn((await callOut()).body) === 'no-policy')
  await bench.agent.setPolicies(policies)
  await eventually(async () => (await callOut()).status === 200)
  await bench.agent.setSource(appId, policies, 'ab'.repeat(32))
  await eventually(async () => reasonIn((await callOut()).body) === 'no-policy')
})

test('a call that cannot be recorded is not made, and a denial stands all the same [REC-1 REC-20]', async () => {
  await begin()
  assert.equal((await callOut()).status, 200)
  await bench.closeRecord('inbound')
  upstream.take()
  const unrecorded = await callOut()
  assert.equal(unrecorded.status, 503)
  assert.equal(reasonIn(unrecorded.body), 'not-recorded')
  assert.deepEqual(upstream.take(), [])
  bench.callerIs('spiffe://example.org/ns/default/other')
  const denied = await callOut()
  assert.equal(reasonIn(denied.body), 'caller-not-allowed')
  assert.ok(denied.fields.has('x-countersign-decision-id'))
})

async function eventually(check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await check())) {
    assert.ok(Date.now() < deadline, 'it did not come about in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
