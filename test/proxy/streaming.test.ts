/** Answers go to the caller as they come, with back-pressure, and are cut when they may not go on. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { OpenUpstream } from '../support/open-upstream.ts'
import { appId, type Bench, callerId, openBench } from '../support/proxy-bench.ts'

const policies = `
apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: streaming}
spec:
  app: tools
  rules:
    - callers: [weather]
      mcp: {tools: [get_weather]}
      http: {methods: "*", paths: [/public/*]}
`

const call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather"}}'
const list = '{"jsonrpc":"2.0","id":"l","method":"tools/list"}'

function post(port: number, path: string, body: string): ClientRequest {
  const asked = request({
    port,
    host: '127.0.0.1',
    path,
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
  })
  asked.end(body)
  return asked
}

async function answerTo(asked: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return answer
}

/** The next piece of a body; empty at its end. Rejects when it broke off. */
async function piece(body: IncomingMessage): Promise<string> {
  const known = iterators.get(body) ?? body[Symbol.asyncIterator]()
  iterators.set(body, known)
  const { done, value } = (await known.next()) as IteratorResult<Buffer, undefined>
  return done === true ? '' : value.toString()
}

const iterators = new WeakMap<IncomingMessage, AsyncIterator<unknown>>()

/** Everything that is still to come. */
async function rest(body: IncomingMessage): Promise<string> {
  let text = ''
  for (let next = await piece(body); next !== ''; next = await piece(body)) text += next
  return text
}

describe('on an MCP route', () => {
  let upstream: OpenUpstream
  let bench: Bench

  beforeEach(async () => {
    upstream = await OpenUpstream.open()
    bench = await openBench({ upstream: { tcp: upstream.address }, policies })
  })

  afterEach(async () => {
    await bench.close()
    await upstream.close()
  })

  test('events reach the caller one by one, before the answer ends [ACC-16]', async () => {
    const asked = post(bench.outboundPort, '/mcp', call)
    const { response } = await upstream.next()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    const answer = await answerTo(asked)
    assert.equal(answer.headers['content-type'], 'text/event-stream')
    for (const text of ['data: {"a":1}\n\n', ': still here\n\n', 'data: {"b":2}\n\n']) {
      response.write(text)
      assert.equal(await piece(answer), text)
    }
    response.end()
    assert.equal(await rest(answer), '')
    await settled(bench)
    assert.equal((await outcome(bench))?.ended, 'complete')
  })

  test('a filtered list streams too, in any spelling of events [ACC-5]', async () => {
    const asked = post(bench.outboundPort, '/mcp', list)
    const { response } = await upstream.next()
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.write(
      'id: 7\ndata: \n\nevent: message\rdata: {"jsonrpc":"2.0","method":"notifications/',
    )
    const answer = await answerTo(asked)
    assert.equal(await piece(answer), 'id: 7\ndata: \n\n')
    response.write('progress","params":{}}\r\n\r\n')
    assert.match(await piece(answer), /^event: message\ndata: .*progress.*\n\n$/)
    response.write('data: {"jsonrpc":"2.0","id":"s","method":"sampling/createMessage"}\n\n')
    response.write(
      'data: {"jsonrpc":"2.0","id":"l","result":\ndata: {"tools":[{"name":"get_weather"},',
    )
    response.end('{"name":"delete_all"}],"ttlMs":3600000,"cacheScope":"public"}}\n\n')
    assert.equal(
      await piece(answer),
      'data: {"jsonrpc":"2.0","id":"l","result":{"tools":[{"name":"get_weather"}],"ttlMs":30000,"cacheScope":"private"}}\n\n',
    )
    assert.equal(await rest(answer), '')
  })

  for (const [name, data] of [
    [
      'to another request',
      '{"jsonrpc":"2.0","id":"other","result":{"tools":[{"name":"delete_all"}]}}',
    ],
    ['that is no JSON', 'delete_all'],
    [
      'with a second list',
      '{"jsonrpc":"2.0","id":"l","result":{"tools":[]},"result":{"tools":[{"name":"delete_all"}]}}',
    ],
  ] as const)
    test(`a list in an event ${name} cuts the stream`, async () => {
      const asked = post(bench.outboundPort, '/mcp', list)
      const { response } = await upstream.next()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${data}\n\n`)
      const answer = await answerTo(asked)
      // Nothing came before the stream broke off.
      await assert.rejects(piece(answer))
      await settled(bench)
      assert.equal((await outcome(bench))?.ended, 'answer-refused')
    })

  for (const [name, type, body] of [
    ['that is no JSON', 'application/json', 'delete_all'],
    ['of another type', 'text/plain', '{"jsonrpc":"2.0","id":"l","result":{"tools":[]}}'],
    ['to another request', 'application/json', '{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}'],
    ['of nameless tools', 'application/json', '{"jsonrpc":"2.0","id":"l","result":{"tools":[{}]}}'],
  ] as const)
    test(`a list ${name} is not passed on`, async () => {
      const asked = post(bench.outboundPort, '/mcp', list)
      const { response } = await upstream.next()
      response.writeHead(200, { 'content-type': type })
      response.end(body)
      const answer = await answerTo(asked)
      assert.equal(answer.statusCode, 502)
      const text = await piece(answer)
      assert.match(text, /"reason":"answer-unreadable"/)
      assert.match(text, /"id":"l"/)
      const decided = await outcome(bench)
      assert.equal(decided?.ended, 'answer-refused')
      assert.equal(answer.headers['x-countersign-decision-id'], decided.decisionId)
    })

  test('an open stream is cut when the policy no longer allows it [ACC-4]', async () => {
    const { answer } = await openStream(upstream, bench)
    await bench.agent.setPolicies(policies.replace('[get_weather]', '[count]'))
    await assert.rejects(rest(answer))
    await settled(bench)
    assert.equal((await outcome(bench))?.ended, 'policy-changed')
  })

  test('an open stream goes on when another policy changes', async () => {
    const { answer, write } = await openStream(upstream, bench)
    await bench.agent.setPolicies(policies.replace('[get_weather]', '[count, get_weather]'))
    write('data: more\n\n')
    assert.equal(await piece(answer), 'data: more\n\n')
  })

  test("an open stream is cut when the app's process is gone", async () => {
    const { answer } = await openStream(upstream, bench)
    bench.agent.end(appId)
    await assert.rejects(rest(answer))
  })

  test('an open stream is cut when the calling process is gone', async () => {
    const { answer } = await openStream(upstream, bench)
    bench.agent.end(callerId)
    await assert.rejects(rest(answer))
  })

  test("an open stream is cut when the caller's authority leaves the bundle", async () => {
    const { answer } = await openStream(upstream, bench)
    const { TestCa } = await import('../support/test-ca.ts')
    const other = new TestCa('example.org')
    await bench.agent.useCa(other, [other])
    await assert.rejects(rest(answer))
  })

  test('a caller that goes away frees the connection to the app', async () => {
    const { asked, gone } = await openStream(upstream, bench)
    asked.destroy()
    await gone
    await settled(bench)
    assert.equal((await outcome(bench))?.ended, 'caller-gone')
  })

  test('an app that breaks off is seen to have done so', async () => {
    const { answer, cut } = await openStream(upstream, bench)
    cut()
    await assert.rejects(rest(answer))
    await settled(bench)
    assert.equal((await outcome(bench))?.ended, 'upstream-gone')
  })
})

describe('on an HTTP route', () => {
  let upstream: OpenUpstream
  let bench: Bench

  before(async () => {
    upstream = await OpenUpstream.open()
    bench = await openBench({ upstream: { tcp: upstream.address }, policies, protocol: 'http' })
  })

  after(async () => {
    await bench.close()
    await upstream.close()
  })

  test('a body goes to the app as it comes', async () => {
    const asked = request({
      port: bench.outboundPort,
      host: '127.0.0.1',
      path: '/public/upload',
      method: 'POST',
      agent: false,
    })
    asked.write('first')
    const { request: seen, response } = await upstream.next()
    assert.equal(await piece(seen), 'first')
    asked.write('second')
    assert.equal(await piece(seen), 'second')
    asked.end()
    assert.equal(await rest(seen), '')
    response.end('done')
    assert.equal(await piece(await answerTo(asked)), 'done')
  })

  test('a slow reader holds the app back [BAD-6]', async () => {
    const asked = request({ port: bench.outboundPort, path: '/public/big', agent: false })
    asked.end()
    const { response } = await upstream.next()
    const answer = await answerWithoutReading(asked, () => response.writeHead(200).flushHeaders())
    const block = Buffer.alloc(1 << 20)
    let written = 0
    while (written < 256 && response.write(block)) written++
    // Every buffer on the way is full now; what does not fit waits in the app.
    let hasDrained = false
    response.once('drain', () => {
      hasDrained = true
    })
    const before = process.memoryUsage().rss
    for (let more = 0; more < 64; more++) response.write(block)
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.ok(!hasDrained, 'the app was not held back')
    assert.ok(process.memoryUsage().rss - before < 160 << 20)
    response.end()
    let received = 0
    answer.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    await once(answer, 'end')
    assert.equal(received, (written + 64 + (written < 256 ? 1 : 0)) << 20)
  })

  test('status, fields and several cookies come back as they were', async () => {
    const asked = request({ port: bench.outboundPort, path: '/public/a', agent: false })
    asked.end()
    const { response } = await upstream.next()
    response.writeHead(
      418,
      [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['x-countersign-decision-id', 'forged'],
      ].flat(),
    )
    response.end('short')
    const answer = await answerTo(asked)
    assert.equal(answer.statusCode, 418)
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
    assert.notEqual(answer.headers['x-countersign-decision-id'], 'forged')
    assert.equal(await piece(answer), 'short')
  })

  test('HEAD and 304 have no body', async () => {
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 304],
    ] as const) {
      const asked = request({ port: bench.outboundPort, path: '/public/a', method, agent: false })
      asked.end()
      const { request: seen, response } = await upstream.next()
      assert.equal(seen.method, method)
      response.writeHead(status, { etag: '"1"', 'content-length': '5' })
      response.end()
      const answer = await answerTo(asked)
      assert.equal(await rest(answer), '')
      assert.equal(answer.statusCode, status)
      assert.equal(answer.headers['content-length'], '5')
    }
  })
})

interface OpenStream {
  readonly asked: ClientRequest
  readonly answer: IncomingMessage
  /** Resolves when the app sees its connection close. */
  readonly gone: Promise<unknown>
  readonly write: (text: string) => void
  readonly cut: () => void
}

async function openStream(upstream: OpenUpstream, bench: Bench): Promise<OpenStream> {
  const asked = post(bench.outboundPort, '/mcp', call)
  asked.on('error', () => undefined)
  const { response } = await upstream.next()
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('data: open\n\n')
  const answer = await answerTo(asked)
  answer.on('error', () => undefined)
  assert.equal(await piece(answer), 'data: open\n\n')
  return {
    asked,
    answer,
    gone: once(response, 'close'),
    write: (text) => response.write(text),
    cut: () => response.destroy(),
  }
}

async function answerWithoutReading(
  asked: ClientRequest,
  begin: () => void,
): Promise<IncomingMessage> {
  const answer = answerTo(asked)
  begin()
  return await answer
}

/** What became of the only call so far. */
async function outcome(bench: Bench): Promise<{ ended?: string; decisionId?: string } | undefined> {
  return (await bench.records('inbound')).find(({ kind }) => kind === 'outcome')
}

/** Outcomes follow the end of a stream within a few turns. */
async function settled(bench: Bench): Promise<void> {
  const deadline = Date.now() + 10_000
  while ((await outcome(bench)) === undefined && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 10))
}
