/**
 * SVIDs that live for seconds, and two changes of the authority, under a steady stream of requests:
 * none fails, none is sent twice.
 */

import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { test } from 'node:test'
import { CountingUpstream } from '../support/counting-upstream.ts'
import { openBench } from '../support/proxy-bench.ts'
import { TestCa } from '../support/test-ca.ts'

const policies = `
apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: rotation}
spec:
  app: tools
  rules:
    - callers: [weather]
      mcp: {tools: [get_weather]}
`
const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather"}}'

test('rotation of SVIDs and authorities fails no request and repeats none [ACC-15]', async () => {
  const upstream = await CountingUpstream.open()
  const bench = await openBench({ upstream: { tcp: upstream.address }, policies, svidMs: 4000 })
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  const ending = new AbortController()
  const failures: string[] = []
  let asked = 0
  const callers = Array.from({ length: 4 }, async () => {
    while (!ending.signal.aborted) {
      asked++
      const failure = await callOnce(agent, bench.outboundPort)
      if (failure !== undefined) failures.push(failure)
      await pause(20)
    }
  })
  let authority = bench.ca
  for (let round = 0; round < 2; round++) {
    for (let turn = 0; turn < 3; turn++) {
      await pause(1000)
      await bench.agent.rotate()
    }
    const next = new TestCa('example.org')
    await bench.agent.useCa(next, [authority, next])
    authority = next
  }
  await pause(1500)
  ending.abort()
  await Promise.all(callers)
  agent.destroy()
  assert.deepEqual(failures, [])
  assert.ok(asked > 200, `only ${asked} requests`)
  assert.equal(upstream.take().length, asked)
  await bench.close()
  await upstream.close()
})

/** What went wrong, if anything did. */
async function callOnce(agent: Agent, port: number): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' }
    const sent = request(
      { agent, port, host: '127.0.0.1', path: '/mcp', method: 'POST', headers },
      (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        answer.on('end', () => {
          resolve(answer.statusCode === 200 && text.includes('"result"') ? undefined : text)
        })
        answer.on('error', (error) => {
          resolve(error.message)
        })
      },
    )
    sent.on('error', (error) => {
      resolve(error.message)
    })
    sent.end(body)
  })
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
