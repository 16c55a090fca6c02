/** Callers that are slow, endless or too many are cut at a named limit; honest ones go on. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { CountingUpstream } from '../support/counting-upstream.ts'
import { type Bench, callerId, openBench } from '../support/proxy-bench.ts'
import { askBytes, type Door, mtlsDoor, plainDoor, readAnswer } from '../support/raw-http.ts'

const policies = `
apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: limits}
spec:
  app: tools
  rules:
    - callers: [weather]
      mcp: {tools: [get_weather]}
`
const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather"}}'

let upstream: CountingUpstream
let bench: Bench
let doors: readonly { readonly name: string; readonly door: Door; readonly host: string }[]

before(async () => {
  upstream = await CountingUpstream.open()
  bench = await openBench({
    upstream: { tcp: upstream.address },
    policies,
    limits: {
      max_connections: 8,
      max_header_bytes: 4096,
      max_header_fields: 20,
      max_target_bytes: 100,
      max_message_bytes: 10_000,
      handshake_timeout: '500ms',
      header_timeout: '500ms',
      message_timeout: '500ms',
      request_timeout: '2s',
      idle_timeout: '1s',
    },
  })
  const { inboundPort, outboundPort, ca } = bench
  doors = [
    { name: 'outbound', door: plainDoor(outboundPort), host: `127.0.0.1:${outboundPort}` },
    {
      name: 'inbound',
      door: mtlsDoor(inboundPort, ca.svid(callerId)),
      host: `127.0.0.1:${inboundPort}`,
    },
  ]
})

after(async () => {
  await bench.close()
  await upstream.close()
})

function head(host: string, more: string): string {
  return `POST /mcp HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n${more}`
}

const honest = (host: string): Buffer =>
  Buffer.from(head(host, `Content-Length: ${body.length}\r\n\r\n${body}`))

async function closed(socket: Socket): Promise<void> {
  socket.resume()
  if (!socket.destroyed) await once(socket, 'close')
}

test('header fields that never end are cut [BAD-6]', async () => {
  for (const { name, door, host } of doors) {
    const socket = await door()
    socket.on('error', () => undefined)
    socket.write(head(host, 'X-A: b'))
    const answer = await readAnswer(socket)
    assert.ok([0, 408].includes(answer.status), `${name}: ${answer.status}`)
    await closed(socket)
  }
})

test('a body that never ends is cut [BAD-6]', async () => {
  for (const { name, door, host } of doors) {
    const socket = await door()
    socket.on('error', () => undefined)
    socket.write(head(host, 'Content-Length: 100\r\n\r\n{'))
    assert.equal((await readAnswer(socket)).status, 408, name)
    await closed(socket)
  }
})

test('a connection without a request is closed', async () => {
  for (const { door } of doors) await closed(await door())
})

test('sizes over their limits are refused with their own status [BAD-6 MCP-17]', async () => {
  const field = 'X-A: 1\r\n'
  for (const { name, door, host } of doors) {
    const cases: readonly (readonly [number, string])[] = [
      [431, head(host, `X-Long: ${'a'.repeat(5000)}\r\n\r\n`)],
      [431, head(host, `${field.repeat(30)}Content-Length: 0\r\n\r\n`)],
      [413, head(host, `Content-Length: 20000\r\n\r\n`)],
      [414, head(host, '\r\n').replace('/mcp', `/mcp/${'a'.repeat(200)}`)],
    ]
    for (const [status, bytes] of cases) {
      const answer = await askBytes(door, Buffer.from(bytes))
      assert.equal(answer.status, status, `${name}: ${answer.body}`)
      assert.ok(answer.fields.has('x-countersign-decision-id'))
    }
  }
  assert.deepEqual(upstream.take(), [])
})

test('a peer that never finishes its handshake is closed', async () => {
  const socket = await plainDoor(bench.inboundPort)()
  await closed(socket)
})

test('connections over the limit are closed, and the honest go on when there is room [BAD-6]', async () => {
  const door = plainDoor(bench.outboundPort)
  const idle = await Promise.all(Array.from({ length: 20 }, door))
  for (const socket of idle) socket.on('error', () => undefined)
  await Promise.all(idle.map(closed))
  const { host = '' } = doors[0] ?? {}
  assert.equal((await askBytes(door, honest(host))).status, 200)
  assert.equal(upstream.take().length, 1)
})
