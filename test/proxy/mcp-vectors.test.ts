/**
 * The MCP vectors through a raw socket: what must be denied never reaches the app, and the honest
 * request beside each reaches it exactly once. reference: evasions of MCP 2026-07-28.
 */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CountingUpstream, type SeenRequest } from '../support/counting-upstream.ts'
import { type Bench, callerId, openBench } from '../support/proxy-bench.ts'
import { ask, type Door, mtlsDoor, plainDoor, type RawRequest } from '../support/raw-http.ts'
import { readVectors } from '../support/vectors.ts'

interface McpCase {
  readonly id: string
  readonly title: string
  readonly expected: 'allow' | 'deny' | 'allow-stripped' | 'either'
  readonly request: {
    readonly method: string
    readonly path: string
    readonly headers: readonly (readonly [string, string])[]
    readonly bodyBase64: string
  }
}

const policies = `
apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: vectors}
spec:
  app: tools
  rules:
    - callers: [weather]
      mcp:
        tools: [get_weather, math.add, read_file, db/query]
`

const { cases } = readVectors('mcp/mcp.dev.json') as { readonly cases: readonly McpCase[] }

const honest: RawRequest = {
  method: 'POST',
  target: '/mcp',
  fields: [
    ['Content-Type', 'application/json'],
    ['Accept', 'application/json, text/event-stream'],
    ['MCP-Protocol-Version', '2026-07-28'],
    ['Mcp-Method', 'tools/call'],
    ['Mcp-Name', 'get_weather'],
  ],
  body: Buffer.from(
    JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name: 'get_weather',
        arguments: {},
        _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' },
      },
    }),
  ),
}

let upstream: CountingUpstream
let bench: Bench
let doors: readonly { readonly name: string; readonly door: Door; readonly host: string }[]

before(async () => {
  upstream = await CountingUpstream.open()
  bench = await openBench({ upstream: { tcp: upstream.address }, policies })
  const { inboundPort, outboundPort, ca } = bench
  doors = [
    {
      name: 'as a local process',
      door: plainDoor(outboundPort),
      host: `127.0.0.1:${outboundPort}`,
    },
    {
      name: 'as a workload over mutual TLS',
      door: mtlsDoor(inboundPort, ca.svid(callerId)),
      host: `127.0.0.1:${inboundPort}`,
    },
  ]
})

after(async () => {
  await bench.close()
  await upstream.close()
})

for (const vector of cases.filter(({ id }) => !id.startsWith('mcp::res')))
  test(`${vector.id} (${vector.title}) comes to ${vector.expected} [DONE-8 BAD-5]`, async () => {
    for (const { name, door, host } of doors) {
      const answer = await ask(door, requestOf(vector), host)
      check(vector, upstream.take(), answer.status, `${name}: ${answer.body}`)
      if (answer.status !== 202 && vector.expected !== 'allow-stripped')
        assert.ok(answer.fields.has('x-countersign-decision-id'), `${name}: no decision id`)

      const allowed = await ask(door, honest, host)
      assert.equal(allowed.status, 200, name)
      assert.equal(upstream.take().length, 1, `${name}: the honest twin`)
    }
  })

test('every decision is in a record, and its denials name reasons', async () => {
  const records = [...(await bench.records('inbound')), ...(await bench.records('outbound'))]
  const denials = records.filter(({ verdict }) => verdict === 'deny')
  const expected = cases.filter(
    ({ id, expected: wanted }) =>
      !id.startsWith('mcp::res') && (wanted === 'deny' || wanted === 'either'),
  )
  assert.equal(denials.length, 2 * expected.length)
  assert.ok(denials.every(({ reason }) => reason !== undefined && reason !== 'internal'))
})

function requestOf({ request }: McpCase): RawRequest {
  const { method, path, headers, bodyBase64 } = request
  return { method, target: path, fields: headers, body: Buffer.from(bodyBase64, 'base64') }
}

function check(
  { expected, request }: McpCase,
  seen: readonly SeenRequest[],
  status: number,
  message: string,
): void {
  switch (expected) {
    case 'allow':
    case 'allow-stripped': {
      assert.equal(seen.length, 1, message)
      const [name = '', claimed = ''] = request.headers.at(-1) ?? []
      if (expected === 'allow-stripped')
        assert.notEqual(seen[0]?.headers[name.toLowerCase()], claimed, message)
      return
    }
    case 'deny':
    case 'either':
      assert.equal(seen.length, 0, message)
      assert.ok(status >= 200, message)
  }
}
