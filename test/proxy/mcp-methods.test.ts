/** What an MCP route carries besides tools, and what becomes of credentials on the way. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CountingUpstream } from '../support/counting-upstream.ts'
import { type Bench, callerId, openBench } from '../support/proxy-bench.ts'
import { ask, type Door, mtlsDoor, plainDoor, type RawAnswer } from '../support/raw-http.ts'

const policies = `
apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: everything}
spec:
  app: tools
  rules:
    - callers: [weather]
      mcp: "*"
`

let upstream: CountingUpstream
let bench: Bench
let doors: readonly { readonly name: string; readonly door: Door; readonly host: string }[]

before(async () => {
  upstream = await CountingUpstream.open()
  bench = await openBench({ upstream: { tcp: upstream.address }, policies })
  doors = doorsOf(bench)
})

after(async () => {
  await bench.close()
  await upstream.close()
})

function doorsOf({ inboundPort, outboundPort, ca }: Bench): typeof doors {
  return [
    { name: 'outbound', door: plainDoor(outboundPort), host: `127.0.0.1:${outboundPort}` },
    {
      name: 'inbound',
      door: mtlsDoor(inboundPort, ca.svid(callerId)),
      host: `127.0.0.1:${inboundPort}`,
    },
  ]
}

async function post(
  { door, host }: (typeof doors)[number],
  message: object,
  more: readonly (readonly [string, string])[] = [],
): Promise<RawAnswer> {
  const fields = [
    ['Content-Type', 'application/json'],
    ['Accept', 'application/json, text/event-stream'],
    ...more,
  ] as const
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }))
  return await ask(door, { method: 'POST', target: '/mcp', fields, body }, host)
}

test('a method that the proxy does not know is refused, even where all of MCP is allowed [ACC-8]', async () => {
  const unknown = [
    'resources/read',
    'resources/list',
    'prompts/get',
    'completion/complete',
    'logging/setLevel',
    'tasks/update',
    'sampling/createMessage',
    'tools/Call',
    'constructor',
  ]
  for (const at of doors) {
    for (const method of unknown) {
      const answer = await post(at, { id: 1, method, params: { name: 'get_weather' } })
      assert.match(answer.body, /"code":403001.*"decisionId":"/, `${at.name} ${method}`)
      await post(at, { method, params: {} })
    }
    assert.deepEqual(upstream.take(), [], at.name)
    const honest = { id: 1, method: 'tools/call', params: { name: 'get_weather', arguments: {} } }
    assert.equal((await post(at, honest)).status, 200)
    assert.equal(upstream.take().length, 1)
  }
})

test('an Authorization header goes to the app or ends at the proxy, as the route says [ACC-6]', async () => {
  const call = { id: 1, method: 'tools/call', params: { name: 'get_weather', arguments: {} } }
  for (const authorization of ['forward', 'strip'] as const) {
    const own = await openBench({ upstream: { tcp: upstream.address }, policies, authorization })
    for (const at of doorsOf(own)) {
      const answer = await post(at, call, [['Authorization', 'Bearer s3cret']])
      assert.equal(answer.status, 200, answer.body)
      const [seen] = upstream.take()
      const expected = authorization === 'forward' ? 'Bearer s3cret' : undefined
      assert.equal(seen?.headers.authorization, expected, `${at.name} ${authorization}`)
    }
    const records = [...(await own.records('inbound')), ...(await own.records('outbound'))]
    assert.doesNotMatch(JSON.stringify(records), /s3cret/)
    await own.close()
  }
})
