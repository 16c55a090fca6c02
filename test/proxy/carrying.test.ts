/** What arrives at the app, over TCP and Unix sockets, and how a proxy that is told to stop lets go. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { CountingUpstream } from '../support/counting-upstream.ts'
import { OpenUpstream } from '../support/open-upstream.ts'
import { type Bench, type BenchOptions, openBench } from '../support/proxy-bench.ts'
import { askBytes, plainDoor, readAnswer } from '../support/raw-http.ts'

const policies = `
apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: carrying}
spec:
  app: tools
  rules:
    - callers: [weather]
      mcp: {tools: [get_weather]}
      http: {methods: "*", paths: [/public/*]}
`
const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather"}}'

function call(bench: Bench, more: string): Buffer {
  const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${bench.outboundPort}\r\nContent-Type: application/json\r\n`
  return Buffer.from(`${head}${more}Content-Length: ${body.length}\r\n\r\n${body}`)
}

async function withCounting(
  options: Partial<BenchOptions>,
  use: (bench: Bench, upstream: CountingUpstream) => Promise<void>,
): Promise<void> {
  const upstream = await CountingUpstream.open()
  const bench = await openBench({ upstream: { tcp: upstream.address }, policies, ...options })
  try {
    await use(bench, upstream)
  } finally {
    await bench.close()
    await upstream.close()
  }
}

async function withOpen(
  options: Partial<BenchOptions>,
  use: (bench: Bench, upstream: OpenUpstream) => Promise<void>,
): Promise<void> {
  const upstream = await OpenUpstream.open()
  const bench = await openBench({ upstream: { tcp: upstream.address }, policies, ...options })
  try {
    await use(bench, upstream)
  } finally {
    await bench.close()
    await upstream.close()
  }
}

test('an app on a Unix socket is served like one on TCP, with its own Host', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'proxy-unix-'))
  const upstream = await OpenUpstream.open(path.join(folder, 'app.sock'))
  const bench = await openBench({ upstream: { unix: path.join(folder, 'app.sock') }, policies })
  const answered = askBytes(plainDoor(bench.outboundPort), call(bench, ''))
  const { request: seen, response } = await upstream.next()
  assert.equal(seen.headers.host, 'localhost')
  response.setHeader('content-type', 'application/json')
  response.end('{"jsonrpc":"2.0","id":1,"result":{}}')
  assert.equal((await answered).status, 200)
  await bench.close()
  await upstream.close()
  await rm(folder, { recursive: true })
})

test('Authorization goes on or ends by the route, and arguments in fields go on [ACC-6]', async () => {
  const fields = 'Authorization: Bearer t\r\nMcp-Param-City: Oslo\r\nAccept-Encoding: gzip\r\n'
  for (const authorization of ['forward', 'strip'] as const)
    await withCounting({ authorization }, async (bench, upstream) => {
      const { status } = await askBytes(plainDoor(bench.outboundPort), call(bench, fields))
      assert.equal(status, 200)
      const [seen] = upstream.take()
      const expected = authorization === 'forward' ? 'Bearer t' : undefined
      assert.equal(seen?.headers.authorization, expected)
      assert.equal(seen?.headers['mcp-param-city'], 'Oslo')
      assert.equal(seen.headers['accept-encoding'], undefined)
    })
})

test('requests sent ahead on one connection are answered in order, and a flood is cut [BAD-6]', async () => {
  await withCounting({}, async (bench, upstream) => {
    const socket = await plainDoor(bench.outboundPort)()
    socket.on('error', () => undefined)
    socket.write(Buffer.concat([call(bench, ''), call(bench, '')]))
    assert.equal((await readAnswer(socket)).status, 200)
    const closed = once(socket, 'close')
    for (let sent = 0; sent < 200; sent++) socket.write(call(bench, ''))
    socket.resume()
    await closed
    assert.ok(upstream.take().length < 100)
  })
})

test('a stream ends at its greatest age', async () => {
  await withOpen({ limits: { max_stream_age: '500ms' } }, async (bench, upstream) => {
    const asked = askBytes(plainDoor(bench.outboundPort), call(bench, ''))
    const { response } = await upstream.next()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: open\n\n')
    await once(response, 'close')
    await asked
    await eventually(async () =>
      (await bench.records('inbound')).some(({ ended }) => ended === 'timed-out'),
    )
  })
})

test('a proxy that stops accepts nothing more and lets what is open end', async () => {
  await withOpen({ protocol: 'http' }, async (bench, upstream) => {
    const asked = request({ port: bench.outboundPort, path: '/public/a', agent: false })
    asked.end()
    const { response } = await upstream.next()
    const stopped = Promise.all([
      bench.stop('inbound', AbortSignal.timeout(20_000)),
      bench.stop('outbound', AbortSignal.timeout(20_000)),
    ])
    await assert.rejects(plainDoor(bench.outboundPort)())
    response.end('finished')
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of answer) text += String(chunk)
    assert.equal(text, 'finished')
    await stopped
    const outcome = (await bench.records('inbound')).find(({ kind }) => kind === 'outcome')
    assert.equal(outcome?.ended, 'complete')
  })
})

test('what is still open after the grace is cut, and said to be', async () => {
  await withOpen({ protocol: 'http' }, async (bench, upstream) => {
    const asked = request({ port: bench.outboundPort, path: '/public/a', agent: false })
    asked.on('error', () => undefined)
    asked.end()
    const { response } = await upstream.next()
    response.writeHead(200).write('begun')
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    answer.on('error', () => undefined)
    await bench.stop('inbound', AbortSignal.timeout(100))
    const outcome = (await bench.records('inbound')).find(({ kind }) => kind === 'outcome')
    assert.equal(outcome?.ended, 'shutdown')
  })
})

async function eventually(check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await check())) {
    assert.ok(Date.now() < deadline, 'it did not come about in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
