/** The proxy socket: who may call, who is at the other end, policies, bundles, checkpoints. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { IdentifyRequest } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyRequest.ts'
import type { ProxyDefinition } from '../../proto/gen/countersign/agent/proxy/v1/Proxy.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { Failure } from '../../runtime/failure.ts'
import { GrpcClient, unixTarget } from '../../runtime/grpc/client.ts'
import { tcpConnectionOf } from '../../runtime/socket-facts.ts'
import { readCertificates } from '../../spiffe/x509/certificate.ts'
import { x509SvidId } from '../../spiffe/x509/x509-svid.ts'
import { identify } from '../support/identify.ts'
import { IdentityPlane } from '../support/identity-plane.ts'

const uid = process.geteuid?.() ?? 0
const mine = { selectors: [{ type: 'unix', value: `uid:${uid}` }] }
const app = 'spiffe://example.org/app'

interface Node {
  readonly plane: IdentityPlane
  readonly proxy: GrpcClient<ProxyDefinition>
}

/** A node whose agent takes this very process for the proxy, and all of its user for the app. */
async function startNode(t: TestContext): Promise<Node> {
  const plane = await IdentityPlane.start(t)
  const token = await plane.token()
  await plane.createEntry('proxy', token, mine)
  await plane.createEntry('app', token, mine)
  return { plane, proxy: await startProxyNode(t, plane, token) }
}

async function startProxyNode(
  t: TestContext,
  plane: IdentityPlane,
  token: string,
): Promise<GrpcClient<ProxyDefinition>> {
  const agent = { authorized_proxies: ['spiffe://example.org/proxy'] }
  await plane.startAgent({ token, agent })
  const proxy = new GrpcClient(
    serviceDefinition<ProxyDefinition>('countersign.agent.proxy.v1.Proxy'),
    unixTarget(plane.sockets().proxy),
  )
  t.after(() => {
    proxy.close()
  })
  return proxy
}

/** A connection that another process has made to us. */
async function acceptFromChild(
  t: TestContext,
): Promise<{ child: ChildProcess; request: IdentifyRequest }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const program = `require('net').connect(${address.port}, '127.0.0.1'); setInterval(() => {}, 1000)`
  const accepted = new Promise<Socket>((resolve) => {
    server.once('connection', resolve)
  })
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' })
  const socket = await accepted
  const { local, remote, cookie, establishedNs, descriptor } = tcpConnectionOf(socket)
  t.after(() => {
    child.kill('SIGKILL')
    socket.destroy()
    server.close()
  })
  const tcpClient = {
    localAddress: Buffer.from(local.address),
    localPort: local.port,
    remoteAddress: Buffer.from(remote.address),
    remotePort: remote.port,
    cookie: String(cookie),
    establishedNs: String(establishedNs),
    descriptor,
  }
  return { child, request: { connection: 'tcpClient', tcpClient } }
}

function limited(): { signal: AbortSignal } {
  return { signal: AbortSignal.timeout(30_000) }
}

const refused = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof Failure && error.code === code && message.test(error.message)

test('the process at the other end is named, with its SVID, until it is gone', async (t) => {
  const { proxy } = await startNode(t)
  const { child, request } = await acceptFromChild(t)
  const answers = identify(proxy, { ...request, expectedSpiffeId: app })
  const first = await answers.next()
  assert.ok(first.done !== true)
  const { spiffeId, x509Svid, bundles, pids } = first.value
  assert.equal(spiffeId, app)
  assert.deepEqual(pids, [child.pid])
  assert.deepEqual(Object.keys(bundles), ['example.org'])
  const [leaf] = readCertificates(x509Svid)
  assert.ok(leaf)
  assert.equal(x509SvidId(leaf), app)
  child.kill('SIGKILL')
  assert.equal((await answers.next()).done, true)
})

test('a process with several identities is refused where none is expected', async (t) => {
  const { proxy } = await startNode(t)
  const { request } = await acceptFromChild(t)
  const answers = identify(proxy, request)
  await assert.rejects(answers.next(), refused('permission-denied', /no identity to use/))
  const other = { ...request, expectedSpiffeId: 'spiffe://example.org/other' }
  const others = identify(proxy, other)
  await assert.rejects(others.next(), refused('permission-denied', /no identity to use/))
})

test('an answer ends with PermissionDenied when the identity goes', async (t) => {
  const { proxy, plane } = await startNode(t)
  const { request } = await acceptFromChild(t)
  const answers = identify(proxy, { ...request, expectedSpiffeId: app })
  await answers.next()
  await plane.deleteEntry('app')
  await assert.rejects(answers.next(), refused('permission-denied', /no identity issued/))
})

test('a connection that is not named, or is not the caller’s, is refused [PEER-15]', async (t) => {
  const { proxy } = await startNode(t)
  const nothing = identify(proxy, {})
  await assert.rejects(nothing.next(), refused('invalid-argument', /expected a connection/))
  const { request } = await acceptFromChild(t)
  const { tcpClient } = request
  const wrong = { ...request, tcpClient: { ...tcpClient, cookie: '12345' } }
  const answers = identify(proxy, wrong)
  await assert.rejects(answers.next(), refused('permission-denied', /no such open connection/))
})

test('who is no authorized proxy is refused, and streams end with the authorization', async (t) => {
  const { proxy, plane } = await startNode(t)
  const bundles = proxy.serverStream('WatchBundles', {}, limited())
  const first = await bundles.next()
  assert.ok(first.done !== true)
  assert.deepEqual(Object.keys(first.value.bundles), ['example.org'])
  await plane.deleteEntry('proxy')
  await assert.rejects(bundles.next(), refused('permission-denied', /no longer/))
  const again = proxy.serverStream('WatchBundles', {}, limited())
  await assert.rejects(again.next(), refused('permission-denied', /authorized_proxies/))
})

test('the policies of every app asked for come at once, none included', async (t) => {
  const { proxy } = await startNode(t)
  const policies = proxy.serverStream('WatchPolicies', { apps: [app] }, limited())
  const first = await policies.next()
  assert.ok(first.done !== true)
  assert.deepEqual(first.value.apps, [{ app, policies: [] }])
  await policies.return()
  const wrong = proxy.serverStream('WatchPolicies', { apps: ['inventory'] }, limited())
  await assert.rejects(wrong.next(), refused('invalid-argument', /scheme is missing/))
})

test('a policy that is applied is pushed to the proxy [ACC-4]', async (t) => {
  const plane = await IdentityPlane.start(t)
  const token = await plane.token()
  await plane.createEntry('proxy', token, mine)
  const spiffeId = { trustDomain: 'example.org', path: '/ns/default/inventory' }
  await plane.createEntry('inventory', token, { ...mine, spiffeId })
  const proxy = await startProxyNode(t, plane, token)
  const inventory = 'spiffe://example.org/ns/default/inventory'
  const policies = proxy.serverStream('WatchPolicies', { apps: [inventory, app] }, limited())
  await policies.next()
  const source = [
    'apiVersion: countersign.dev/v1',
    'kind: AccessPolicy',
    'metadata: {name: tools}',
    'spec: {app: inventory, rules: [{callers: [reader], mcp: {tools: [get_inventory]}}]}',
    '',
  ].join('\n')
  const began = performance.now()
  await plane.policies.unary(
    'ApplyPolicies',
    { files: [{ name: 'tools.yaml', source }] },
    limited(),
  )
  const next = await policies.next()
  assert.ok(performance.now() - began < 10_000)
  assert.ok(next.done !== true)
  const [changed, ...others] = next.value.apps
  assert.deepEqual(others, [])
  assert.equal(changed?.app, inventory)
  assert.deepEqual(
    changed.policies.map(({ name, source: text }) => [name, text]),
    [['tools', source]],
  )
})

test('a record only grows: checkpoints that contradict earlier ones are refused', async (t) => {
  const { proxy } = await startNode(t)
  const report = (sequence: number, fill: number) =>
    proxy.unary(
      'ReportCheckpoint',
      {
        chain: 'chain',
        sequence,
        head: Buffer.alloc(32, fill),
        time: '2026-01-01T00:00:00Z',
        signature: Buffer.of(1),
      },
      limited(),
    )
  await report(7, 1)
  await report(7, 1)
  await report(8, 2)
  await assert.rejects(report(7, 1), refused('failed-precondition', /contradicts/))
  await assert.rejects(report(8, 3), refused('failed-precondition', /contradicts/))
})
