import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { type Peer, pinProcess } from '../../runtime/peer-credentials.ts'
import { tcpConnectionOf, unixConnectionOf } from '../../runtime/socket-facts.ts'
import type { LocalIdentity } from './attribution.ts'
import { type Attributed, LocalPeers } from './local-peers.ts'
import type { RefusalReason, Refused } from './refusal.ts'

// In these tests the test process is agent and proxy in one, and its children are the workloads.

const self = pinProcess(process.pid)
const never = new AbortController().signal
after(() => self.close())

/** Each process an identity of its own. */
async function byPid({ pid }: Peer): Promise<LocalIdentity> {
  return { key: String(pid), dependsOnExecutable: false }
}

async function byPidAndProgram({ pid }: Peer): Promise<LocalIdentity> {
  return { key: String(pid), dependsOnExecutable: true }
}

async function nobody(): Promise<undefined> {
  return undefined
}

/** Connects; that the other end is killed at the end of a test is no failure. */
async function connected(t: TestContext, socket: Socket): Promise<Socket> {
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket.on('error', () => socket.destroy())
}

/** Runs a program of one line with `net` and the address to use. */
function run(t: TestContext, program: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ['-e', `const net = require('net'); ${program}`, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  return child
}

const connectTwice = `
  net.connect(process.argv[1], '127.0.0.1')
  process.stdin.on('data', () => net.connect(process.argv[1], '127.0.0.1'))`
const acceptOn = `net.createServer((s) => s.resume()).listen(JSON.parse(process.argv[1]), () => console.log('up'))`

async function listen(t: TestContext, host: string): Promise<{ server: Server; port: string }> {
  const server = createServer()
  server.listen(0, host)
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { server, port: String(address.port) }
}

async function accepted(t: TestContext, server: Server): Promise<Socket> {
  const connection: unknown[] = await once(server, 'connection')
  const socket = connection[0]
  assert.ok(socket instanceof Socket)
  t.after(() => socket.destroy())
  return socket
}

function localPeers(t: TestContext, listensToProcessEvents = true): LocalPeers {
  const peers = new LocalPeers({ listensToProcessEvents })
  t.after(async () => await peers.close())
  return peers
}

function attributed(answer: Attributed<LocalIdentity> | Refused): Attributed<LocalIdentity> {
  if (answer.kind === 'refused') assert.fail(`${answer.reason}: ${answer.detail}`)
  return answer
}

function assertRefused(
  answer: Attributed<LocalIdentity> | Refused,
  reason: RefusalReason,
): asserts answer is Refused {
  assert.equal(answer.kind === 'refused' ? answer.reason : answer.kind, reason)
}

for (const host of ['127.0.0.1', '::', '::ffff:127.0.0.1'])
  test(`the client of a listener on ${host} is named, again without a search, and ends with its process`, async (t) => {
    const { server, port } = await listen(t, host)
    const peers = localPeers(t)
    const child = run(t, connectTwice, port)
    const first = await accepted(t, server)
    const answer = attributed(await peers.client(self, tcpConnectionOf(first), byPid, never))
    assert.deepEqual(answer.pids, [child.pid])
    assert.equal(answer.identity.key, String(child.pid))
    child.stdin?.write('again\n')
    const second = await accepted(t, server)
    const again = attributed(await peers.client(self, tcpConnectionOf(second), byPid, never))
    assert.deepEqual(again.pids, [child.pid])
    assert.equal(again.ended.aborted, false)
    child.kill('SIGKILL')
    await once(again.ended, 'abort')
    assert.equal(answer.ended.aborted, true)
  })

test('a client that runs other threads than its first is old enough where the program matters', async (t) => {
  const { server, port } = await listen(t, '127.0.0.1')
  for (const events of [true, false]) {
    const peers = localPeers(t, events)
    const child = run(t, `setTimeout(() => net.connect(process.argv[1], '127.0.0.1'), 100)`, port)
    const socket = await accepted(t, server)
    const answer = await peers.client(self, tcpConnectionOf(socket), byPidAndProgram, never)
    assert.deepEqual(attributed(answer).pids, [child.pid])
  }
})

test('without the time at which a connection was made no program is old enough', async (t) => {
  const { server, port } = await listen(t, '127.0.0.1')
  const peers = localPeers(t)
  run(t, connectTwice, port)
  const connection = { ...tcpConnectionOf(await accepted(t, server)), establishedNs: 0n }
  assertRefused(
    await peers.client(self, connection, byPidAndProgram, never),
    'program-started-later',
  )
  attributed(await peers.client(self, connection, byPid, never))
})

test('a process is watched on while another program may take its place [PEER-13]', async (t) => {
  for (const events of [true, false]) {
    const { server, port } = await listen(t, '127.0.0.1')
    const peers = localPeers(t, events)
    // bash opens the connection itself, keeps it over the exec, and so stays its holder.
    const child = spawn(
      '/bin/bash',
      ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}; read line; exec sleep 60`],
      { stdio: ['pipe', 'ignore', 'inherit'] },
    )
    t.after(() => child.kill('SIGKILL'))
    const socket = await accepted(t, server)
    const { ended, pids } = attributed(
      await peers.client(self, tcpConnectionOf(socket), byPid, never),
    )
    assert.deepEqual(pids, [child.pid])
    child.stdin.write('go\n')
    await once(ended, 'abort')
    // The connection is still there, and now belongs to the other program: by uid that is fine,
    // by program it is not.
    const connection = tcpConnectionOf(socket)
    assertRefused(
      await peers.client(self, connection, byPidAndProgram, never),
      'program-started-later',
    )
    attributed(await peers.client(self, connection, byPid, never))
  }
})

test('all holders must have one identity [PEER-14]', async (t) => {
  const { server, port } = await listen(t, '127.0.0.1')
  const peers = localPeers(t)
  const child = spawn(
    '/bin/bash',
    ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}; sleep 60 & echo up; read line`],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  t.after(() => child.kill('SIGKILL'))
  const socket = await accepted(t, server)
  await once(child.stdout, 'data')
  const connection = tcpConnectionOf(socket)
  assertRefused(await peers.client(self, connection, byPid, never), 'several-identities')
  const one = async (): Promise<LocalIdentity> => ({ key: 'one', dependsOnExecutable: false })
  const answer = attributed(await peers.client(self, connection, one, never))
  assert.equal(answer.pids.length, 2)
  for (const pid of answer.pids) if (pid !== child.pid) process.kill(pid, 'SIGKILL')
  await once(answer.ended, 'abort')
})

test('more holders than anyone needs are refused', async (t) => {
  const { server, port } = await listen(t, '127.0.0.1')
  const peers = localPeers(t)
  const child = spawn(
    '/bin/bash',
    ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}; for i in {1..16}; do read x <&3 & done; wait`],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  )
  t.after(() => child.kill('SIGKILL'))
  const socket = await accepted(t, server)
  const connection = tcpConnectionOf(socket)
  const one = async (): Promise<LocalIdentity> => ({ key: 'one', dependsOnExecutable: false })
  let answer = await peers.client(self, connection, one, never)
  // Until the last of them is there.
  while (answer.kind === 'attributed' || answer.reason === 'unsettled')
    answer = await peers.client(self, connection, one, never)
  assertRefused(answer, 'too-many-holders')
})

test('a process without an identity is refused', async (t) => {
  const { server, port } = await listen(t, '127.0.0.1')
  const peers = localPeers(t)
  run(t, connectTwice, port)
  const connection = tcpConnectionOf(await accepted(t, server))
  assertRefused(await peers.client(self, connection, nobody, never), 'no-identity')
})

test('nobody may ask about a connection of another process, or one that is none [PEER-15]', async (t) => {
  const { server, port } = await listen(t, '127.0.0.1')
  const peers = localPeers(t)
  const child = run(t, connectTwice, port)
  const connection = tcpConnectionOf(await accepted(t, server))
  const other = pinProcess(child.pid ?? 0)
  t.after(() => other.close())
  assertRefused(await peers.client(other, connection, byPid, never), 'near-end-not-held')
  const { local, remote, cookie } = connection
  const turned = { ...connection, local: remote, remote: local }
  assertRefused(await peers.client(self, turned, byPid, never), 'near-end-unknown')
  const stale = { ...connection, cookie: cookie + 1n }
  assertRefused(await peers.client(self, stale, byPid, never), 'near-end-unknown')
  const any = { ...connection, cookie: 0xffffffffffffffffn }
  assertRefused(await peers.client(self, any, byPid, never), 'near-end-unknown')
  const listener = { ...connection, remote: { ...remote, port: 1 } }
  assertRefused(await peers.client(self, listener, byPid, never), 'near-end-unknown')
  const none = { ...connection, remote: { ...remote, port: 0 } }
  assertRefused(await peers.client(self, none, byPid, never), 'malformed')
  const short = { ...connection, local: { ...local, address: local.address.subarray(1) } }
  assertRefused(await peers.client(self, short, byPid, never), 'malformed')
})

test('a client that closes at once is refused [PEER-1]', async (t) => {
  const { server, port } = await listen(t, '127.0.0.1')
  const peers = localPeers(t)
  const child = run(t, `net.connect(process.argv[1], '127.0.0.1', () => process.exit())`, port)
  const socket = await accepted(t, server)
  const connection = tcpConnectionOf(socket)
  await once(child, 'exit')
  // It closed the connection, or reset it, and then our end is gone as well.
  const answer = await peers.client(self, connection, byPid, never)
  assert.ok(answer.kind === 'refused' && /far-end-gone|near-end-unknown/.test(answer.reason))
})

test('the server of a TCP connection is who accepted it', async (t) => {
  const peers = localPeers(t)
  const { server, port } = await listen(t, '127.0.0.1')
  await new Promise((resolve) => server.close(resolve))
  const child = run(t, acceptOn, JSON.stringify({ port: Number(port), host: '127.0.0.1' }))
  assert.ok(child.stdout)
  await once(child.stdout, 'data')
  const socket = await connected(t, connect(Number(port), '127.0.0.1'))
  const connection = tcpConnectionOf(socket)
  const answer = await peers.upstreamTcp(self, connection, byPidAndProgram, never)
  assert.deepEqual(attributed(answer).pids, [child.pid])
})

test('the server of a Unix connection is who accepted it, and not accepting is refused', async (t) => {
  const peers = localPeers(t)
  const folder = mkdtempSync(join(tmpdir(), 'local-peers-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 's')
  const child = run(t, acceptOn, JSON.stringify({ path }))
  assert.ok(child.stdout)
  await once(child.stdout, 'data')
  const before = process.hrtime.bigint()
  const socket = await connected(t, connect(path))
  const connection = unixConnectionOf(socket, before)
  const answer = await peers.upstreamUnix(self, connection, byPidAndProgram, never)
  assert.deepEqual(attributed(answer).pids, [child.pid])
  const wrong = { ...connection, cookie: connection.cookie + 1n }
  assertRefused(await peers.upstreamUnix(self, wrong, byPid, never), 'near-end-unknown')

  child.kill('SIGSTOP')
  const waiting = await connected(t, connect(path))
  const unaccepted = unixConnectionOf(waiting, before)
  assertRefused(await peers.upstreamUnix(self, unaccepted, byPid, never), 'not-accepted')
})

test('the asker ends a search with its signal, and nothing is left open', async (t) => {
  const { server, port } = await listen(t, '127.0.0.1')
  const before = readdirSync('/proc/self/fd').length
  const peers = new LocalPeers()
  run(t, connectTwice, port)
  const socket = await accepted(t, server)
  const stop = new AbortController()
  const forever = async (_: Peer, signal: AbortSignal): Promise<LocalIdentity> => {
    setImmediate(() => stop.abort(new Error('enough')))
    await once(signal, 'abort')
    throw signal.reason
  }
  await assert.rejects(peers.client(self, tcpConnectionOf(socket), forever, stop.signal), /enough/)
  const watching = new AbortController()
  const answer = attributed(
    await peers.client(self, tcpConnectionOf(socket), byPid, watching.signal),
  )
  watching.abort()
  assert.equal(answer.ended.aborted, false)
  const other = attributed(await peers.client(self, tcpConnectionOf(socket), byPid, never))
  await peers.close()
  assert.equal(other.ended.aborted, true)
  socket.destroy()
  await once(socket, 'close')
  // The child's pipes are still open.
  assert.ok(readdirSync('/proc/self/fd').length <= before + 3)
})
