/**
 * Official SDK clients of both eras against official SDK servers of both eras, through two proxies:
 * neither side notices them, except that a denied tool call is a typed error with a decision id.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { type McpApp, modernApp, sessionApp } from '../support/mcp-servers.ts'
import { type Bench, openBench } from '../support/proxy-bench.ts'

const policies = `
apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: sdks}
spec:
  app: tools
  rules:
    - callers: [weather]
      mcp: {tools: [get_weather, count]}
`

/** What both generations of clients can do. */
interface AnyClient {
  readonly list: () => Promise<string[]>
  readonly call: (name: string) => Promise<string>
  readonly close: () => Promise<void>
}

async function oldClient(url: URL): Promise<AnyClient> {
  const client = new OldClient({ name: 'old', version: '1.0.0' })
  await client.connect(new OldTransport(url))
  return {
    list: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name) => JSON.stringify((await client.callTool({ name, arguments: {} })).content),
    close: async () => {
      await client.close()
    },
  }
}

function newClient(mode: 'legacy' | 'auto' | { readonly pin: string }) {
  return async (url: URL): Promise<AnyClient> => {
    const client = new Client({ name: 'new', version: '1.0.0' }, { versionNegotiation: { mode } })
    await client.connect(new StreamableHTTPClientTransport(url))
    return {
      list: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: async (name) =>
        JSON.stringify((await client.callTool({ name, arguments: {} })).content),
      close: async () => {
        await client.close()
      },
    }
  }
}

const clients = {
  '1.x': oldClient,
  '2.x in the old era': newClient('legacy'),
  '2.x that finds out': newClient('auto'),
  '2.x in the new era': newClient({ pin: '2026-07-28' }),
}
const servers = {
  '1.x with sessions': sessionApp,
  '2.x for both eras': modernApp,
  '2.x for the new era alone': async () => await modernApp('reject'),
}
const pairs: readonly (readonly [keyof typeof clients, keyof typeof servers])[] = [
  ['1.x', '1.x with sessions'],
  ['1.x', '2.x for both eras'],
  ['2.x in the old era', '1.x with sessions'],
  ['2.x in the old era', '2.x for both eras'],
  ['2.x that finds out', '1.x with sessions'],
  ['2.x that finds out', '2.x for both eras'],
  ['2.x that finds out', '2.x for the new era alone'],
  ['2.x in the new era', '2.x for both eras'],
  ['2.x in the new era', '2.x for the new era alone'],
]

for (const [client, server] of pairs)
  test(`a client ${client} works with a server ${server} [DONE-7 ACC-5 ACC-7]`, async () => {
    const app = await servers[server]()
    await withBench(app, async (bench) => {
      const url = new URL(`http://127.0.0.1:${bench.outboundPort}/mcp`)
      const agent = await clients[client](url)
      assert.deepEqual(await agent.list(), ['get_weather', 'count'])
      assert.match(await agent.call('get_weather'), /get_weather/)
      assert.match(await agent.call('count'), /count/)
      const denied = await agent.call('delete_all').then(
        () => undefined,
        (error: unknown) => error,
      )
      assertTyped(denied)
      await agent.close()
      assert.equal(app.ran.get('get_weather'), 1)
      assert.equal(app.ran.get('delete_all'), undefined)
      const records = await bench.records('inbound')
      const { data } = denied
      const denial = records.find(({ decisionId }) => decisionId === data.decisionId)
      assert.equal(denial?.verdict, 'deny')
      assert.equal(denial.mcp?.tool, 'delete_all')
    })
  })

test('a session is good only for the caller that obtained it [MCP-35]', async () => {
  const app = await sessionApp()
  await withBench(app, async (bench) => {
    const url = `http://127.0.0.1:${bench.outboundPort}/mcp`
    const post = async (sessionId: string | undefined, message: object): Promise<Response> =>
      await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          connection: 'close',
          ...(sessionId === undefined ? {} : { 'mcp-session-id': sessionId }),
        },
        body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      })
    const begun = await post(undefined, {
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'raw', version: '1' },
      },
    })
    await begun.text()
    const sessionId = begun.headers.get('mcp-session-id')
    assert.ok(sessionId !== null)
    const call = { id: 2, method: 'tools/call', params: { name: 'get_weather', arguments: {} } }
    const own = await post(sessionId, call)
    assert.equal(own.status, 200)
    await own.text()

    bench.callerIs('spiffe://example.org/ns/default/other')
    const foreign = await post(sessionId, call)
    assert.equal(foreign.status, 404)
    assert.match(await foreign.text(), /-32001/)

    bench.callerIs('spiffe://example.org/ns/default/weather')
    const unknown = await post('made-up', call)
    assert.equal(unknown.status, 404)
    await unknown.text()
    assert.equal(app.ran.get('get_weather'), 1)
    assert.equal(app.sessions(), 1)
  })
})

async function withBench(app: McpApp, use: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = await openBench({ upstream: { tcp: app.address }, policies })
  try {
    await use(bench)
  } finally {
    await bench.close()
    await app.close()
  }
}

interface TypedDenial {
  readonly code: number
  readonly data: { readonly decisionId: string; readonly reason: string }
}

function assertTyped(error: unknown): asserts error is TypedDenial {
  assert.ok(error instanceof Error && 'code' in error && 'data' in error, String(error))
  assert.equal(error.code, 403001)
  const { data } = error
  assert.ok(typeof data === 'object' && data !== null && 'decisionId' in data && 'reason' in data)
  assert.equal(data.reason, 'tool-not-allowed')
}
