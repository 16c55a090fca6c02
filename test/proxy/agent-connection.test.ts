/** The one connection that a proxy has to its agent, however many questions come and go on it. */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { ProxyAgent } from '../../proxy/agent/proxy-agent.ts'
import { FakeAgent } from '../support/fake-agent.ts'
import { TestCa } from '../support/test-ca.ts'

test('no question that is hung up counts against the connection, and so none breaks the others [ACC-14]', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'agent-connection-'))
  const socket = path.join(folder, 'agent.sock')
  const id = 'spiffe://example.org/ns/default/weather'
  const fake = new FakeAgent({ path: socket, ca: new TestCa('example.org'), who: () => id })
  await fake.start()
  const agent = new ProxyAgent(socket)
  t.after(async () => {
    agent.close()
    await fake.stop()
    await rm(folder, { recursive: true })
  })
  const staying = new AbortController()
  const stays = agent.identify({}, staying.signal)
  assert.equal((await stays.next()).value?.spiffeId, id)
  // Node closes an HTTP/2 session in which a thousand calls were cancelled.
  for (let round = 0; round < 30; round++)
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const leaving = new AbortController()
        const answers = agent.identify({}, leaving.signal)
        assert.equal((await answers.next()).value?.spiffeId, id)
        leaving.abort()
        assert.equal((await answers.next()).done, true)
      }),
    )
  assert.equal(fake.identified, 1)
  const next = stays.next()
  await fake.rotate()
  assert.equal((await next).value?.spiffeId, id)
  staying.abort()
})
