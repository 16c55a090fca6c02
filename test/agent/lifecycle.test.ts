/** An agent's life as a process: attested once, known again after a restart, gone when refused. */

import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { IdentityPlane } from '../support/identity-plane.ts'
import { nodeCommand, RunningProgram } from '../support/running-program.ts'

const uid = process.geteuid?.() ?? 0
const mine = { selectors: [{ type: 'unix', value: `uid:${uid}` }] }
const trustDomain = 'example.org'

function follow(plane: IdentityPlane, mode: 'once' | 'stream' = 'stream'): RunningProgram {
  return new RunningProgram([
    ...nodeCommand('test/support/workload'),
    plane.sockets().workload,
    mode,
  ])
}

const agentPath = (token: string): string => `/spire/agent/join_token/${token}`

test('a killed agent is known again after a restart, without a token [PLANE-2 BAD-7]', async (t) => {
  const plane = await IdentityPlane.start(t)
  const token = await plane.token()
  await plane.createEntry('w', token, mine)
  const first = await plane.startAgent({ token })
  await first.end('SIGKILL')
  const second = await plane.startAgent({})
  assert.match(second.output, /Using the SVID on disk/)
  const workload = follow(plane, 'once')
  await workload.exited
  assert.match(workload.output, /spiffe:\/\/example\.org\/w/)
})

test('keys are in a file of mode 0600 in a directory of mode 0700', async (t) => {
  const plane = await IdentityPlane.start(t)
  await plane.startAgent({ token: await plane.token() })
  const keys = path.join(plane.folder, 'agent', 'keys')
  assert.equal(statSync(keys).mode & 0o777, 0o700)
  assert.equal(statSync(path.join(keys, 'agent-keys.json')).mode & 0o777, 0o600)
  const { workload, admin, proxy } = plane.sockets()
  assert.equal(statSync(workload).mode & 0o777, 0o777)
  assert.equal(statSync(proxy).mode & 0o777, 0o660)
  assert.equal(statSync(admin).mode & 0o777, 0o600)
})

test('an agent without a bundle file refuses to start [PLANE-1]', async (t) => {
  const plane = await IdentityPlane.start(t)
  await rm(path.join(plane.folder, 'bundle.pem'))
  const agent = await plane.spawnAgent({ token: await plane.token() })
  assert.equal(await agent.exited, 1)
  assert.match(agent.output, /cannot use the trust bundle .*bundle\.pem/)
})

test('a token that was used already attests nobody', async (t) => {
  const plane = await IdentityPlane.start(t)
  const token = await plane.token()
  await plane.startAgent({ token })
  const second = await plane.spawnAgent({ token, name: 'second' })
  assert.equal(await second.exited, 1)
  assert.match(second.output, /join token does not exist or has already been used/)
})

test('a banned agent ends its streams, forgets its identity and exits with 1 [PLANE-4]', async (t) => {
  const plane = await IdentityPlane.start(t)
  const token = await plane.token()
  await plane.createEntry('w', token, mine)
  const agent = await plane.startAgent({ token })
  const workload = follow(plane)
  await workload.untilOutput((output) => output.includes('/w"'))
  const id = { trustDomain, path: agentPath(token) }
  await plane.agents.unary('BanAgent', { id }, { signal: AbortSignal.timeout(30_000) })
  assert.equal(await agent.exited, 1)
  assert.match(agent.output, /Agent is banned: removing SVID and shutting down/)
  assert.equal(await workload.exited, 3)
  assert.match(workload.output, /"code":"permission-denied","message":"no identity issued"/)
  assert.equal(existsSync(path.join(plane.folder, 'agent', 'data', 'agent-data.json')), false)
  assert.equal(existsSync(path.join(plane.folder, 'agent', 'keys', 'agent-keys.json')), false)
})

test('a deleted agent shuts down and forgets its identity', async (t) => {
  const plane = await IdentityPlane.start(t)
  const token = await plane.token()
  const agent = await plane.startAgent({ token })
  const id = { trustDomain, path: agentPath(token) }
  await plane.agents.unary('DeleteAgent', { id }, { signal: AbortSignal.timeout(30_000) })
  assert.equal(await agent.exited, 1)
  assert.match(agent.output, /Agent needs to re-attest: removing SVID and shutting down/)
  assert.equal(existsSync(path.join(plane.folder, 'agent', 'data', 'agent-data.json')), false)
})

test('SIGTERM ends an agent with 0 and its sockets are gone', async (t) => {
  const plane = await IdentityPlane.start(t)
  const agent = await plane.startAgent({ token: await plane.token() })
  assert.equal(await agent.end('SIGTERM'), 0)
  assert.equal(existsSync(plane.sockets().workload), false)
})

test('a stream ends when its last identity goes, and a new one begins with the next [EDGE-4 WL-7 EP-7]', async (t) => {
  const plane = await IdentityPlane.start(t)
  const token = await plane.token()
  await plane.createEntry('a', token, mine)
  await plane.createEntry('b', token, mine)
  await plane.startAgent({ token })
  const workload = follow(plane)
  await workload.untilOutput((output) => output.includes('/b"'))
  await plane.deleteEntry('a')
  await workload.untilOutput((output) => output.includes('"ids":["spiffe://example.org/b"]'))
  await plane.deleteEntry('b')
  assert.equal(await workload.exited, 3)
  assert.match(workload.output, /"code":"permission-denied","message":"no identity issued"/)
  await plane.createEntry('c', token, mine)
  const again = follow(plane)
  await again.untilOutput((output) => output.includes('/c"'))
  await again.end()
})
