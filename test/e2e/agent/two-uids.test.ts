// needs: root, setpriv
import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { z } from 'zod'
import type { ProxyDefinition } from '../../../proto/gen/countersign/agent/proxy/v1/Proxy.ts'
import { serviceDefinition } from '../../../proto/services.ts'
import { GrpcClient, unixTarget } from '../../../runtime/grpc/client.ts'
import { tcpConnectionOf } from '../../../runtime/socket-facts.ts'
import { identify } from '../../support/identify.ts'
import { IdentityPlane } from '../../support/identity-plane.ts'
import { ReadableProduct } from '../../support/readable-command.ts'
import { RunningProgram } from '../../support/running-program.ts'

const answer = z.object({
  ids: z.array(z.string()).optional(),
  code: z.string().optional(),
  message: z.string().optional(),
})

const one = { uid: 20_001, gid: 20_001 }
const two = { uid: 20_002, gid: 20_001 }
const three = { uid: 20_003, gid: 20_003 }

test('two uids get two identities, a third one none [DONE-3 EP-5 EP-7]', async (t) => {
  const plane = await IdentityPlane.start(t)
  const token = await plane.token()
  const uidOf = (uid: number) => ({ selectors: [{ type: 'unix', value: `uid:${uid}` }] })
  await plane.createEntry('one', token, uidOf(one.uid))
  await plane.createEntry('two', token, uidOf(two.uid))
  await plane.createEntry('group', token, { selectors: [{ type: 'unix', value: 'gid:20001' }] })
  await plane.startAgent({ token })
  const program = new ReadableProduct(plane.folder).command('test/support/workload')
  const fetchAs = async (as: typeof one) => {
    const workload = new RunningProgram([...program, plane.sockets().workload, 'once'], as)
    await workload.exited
    return answer.parse(JSON.parse(workload.output))
  }
  const [first, second, third] = await Promise.all([one, two, three].map(fetchAs))
  assert.deepEqual(first?.ids, ['spiffe://example.org/group', 'spiffe://example.org/one'])
  assert.deepEqual(second?.ids, ['spiffe://example.org/group', 'spiffe://example.org/two'])
  assert.deepEqual(third, { code: 'permission-denied', message: 'no identity issued' })
})

test('a proxy learns which of two uids is at the other end of a connection', async (t) => {
  const plane = await IdentityPlane.start(t)
  const token = await plane.token()
  const uidOf = (uid: number) => ({ selectors: [{ type: 'unix', value: `uid:${uid}` }] })
  await plane.createEntry('one', token, uidOf(one.uid))
  await plane.createEntry('two', token, uidOf(two.uid))
  await plane.createEntry('proxy', token, uidOf(0))
  await plane.startAgent({ token, agent: { authorized_proxies: ['spiffe://example.org/proxy'] } })
  const proxy = new GrpcClient(
    serviceDefinition<ProxyDefinition>('countersign.agent.proxy.v1.Proxy'),
    unixTarget(plane.sockets().proxy),
  )
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  t.after(() => {
    proxy.close()
    server.close()
  })
  const connect = `require('net').connect(${address.port}, '127.0.0.1')`
  const nameOf = async (as: typeof one): Promise<string> => {
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
    const client = new RunningProgram([process.execPath, '-e', connect], as)
    const socket = await accepted
    const { local, remote, cookie, establishedNs, descriptor } = tcpConnectionOf(socket)
    const tcpClient = {
      localAddress: Buffer.from(local.address),
      localPort: local.port,
      remoteAddress: Buffer.from(remote.address),
      remotePort: remote.port,
      cookie: String(cookie),
      establishedNs: String(establishedNs),
      descriptor,
    }
    try {
      for await (const { spiffeId } of identify(proxy, { tcpClient })) return spiffeId
      return 'nobody'
    } catch (error) {
      return error instanceof Error ? error.message : 'no error'
    } finally {
      socket.destroy()
      await client.end('SIGKILL')
    }
  }
  assert.equal(await nameOf(one), 'spiffe://example.org/one')
  assert.equal(await nameOf(two), 'spiffe://example.org/two')
  assert.match(await nameOf(three), /no identity to use/)
})
