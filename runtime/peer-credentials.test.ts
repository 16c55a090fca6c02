import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { credentialsOf, type Peer, peerOf, pinProcess } from './peer-credentials.ts'

const connectAndStay = `
  const socket = require('node:net').connect(process.argv[1])
  socket.on('close', () => process.exit(0))
`
// The program that replaces the first one keeps its pid: /bin/sh and exec.
const execLater = 'read line; exec sleep 60'

async function listen(t: TestContext): Promise<{ server: Server; path: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'peer-'))
  const server = createServer()
  server.listen(join(folder, 's'))
  await once(server, 'listening')
  t.after(async () => {
    server.close()
    await once(server, 'close')
    rmSync(folder, { recursive: true })
  })
  return { server, path: join(folder, 's') }
}

async function accept(server: Server): Promise<{ socket: Socket; peer: Peer }> {
  const socket = await accepted(server)
  return { socket, peer: peerOf(socket) }
}

async function accepted(server: Server): Promise<Socket> {
  const connection: unknown[] = await once(server, 'connection')
  const socket = connection[0]
  assert.ok(socket instanceof Socket)
  return socket
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

function pidfds(): number {
  return readdirSync('/proc/self/fd').length
}

test('the peer of a connection is the process that made it, until it exits [PEER-9]', async (t) => {
  const { server, path } = await listen(t)
  const child = spawn(process.execPath, ['-e', connectAndStay, path])
  const { socket, peer } = await accept(server)
  assert.equal(peer.pid, child.pid)
  assert.equal(peer.uid, process.geteuid?.())
  assert.deepEqual(credentialsOf(socket), { pid: peer.pid, uid: peer.uid, gid: peer.gid })
  assert.equal(peer.isUnchanged(), true)
  child.kill('SIGKILL')
  await exited(child)
  assert.equal(peer.isAlive(), false)
  assert.equal(peer.isUnchanged(), false)
  peer.close()
  socket.destroy()
})

test('a process that runs another program is alive but changed', async () => {
  const child = spawn('/bin/sh', ['-c', execLater], { stdio: ['pipe', 'ignore', 'ignore'] })
  await once(child, 'spawn')
  const peer = pinProcess(child.pid ?? 0)
  assert.equal(peer.isUnchanged(), true)
  child.stdin.end('\n')
  const deadline = Date.now() + 10_000
  while (peer.isUnchanged() && Date.now() < deadline) await new Promise(setImmediate)
  assert.equal(peer.isUnchanged(), false)
  assert.equal(peer.isAlive(), true)
  peer.close()
  child.kill('SIGKILL')
  await exited(child)
})

test('closing a peer gives its descriptor back, once', () => {
  const before = pidfds()
  const peer = pinProcess(process.pid)
  assert.equal(pidfds(), before + 1)
  peer.close()
  peer.close()
  assert.equal(pidfds(), before)
  assert.equal(peer.isAlive(), false)
})

test('a peer that is already gone is refused and leaves no descriptor behind', async (t) => {
  const { server, path } = await listen(t)
  const before = pidfds()
  const child = spawn(process.execPath, [
    '-e',
    `${connectAndStay}; socket.on('connect', () => process.kill(process.pid, 'SIGKILL'))`,
    path,
  ])
  const socket = await accepted(server)
  await exited(child)
  assert.throws(() => peerOf(socket))
  socket.destroy()
  assert.ok(pidfds() <= before + 1)
})

test('a pid that nobody has cannot be pinned', () => {
  assert.throws(() => pinProcess(2 ** 22 + 1), { code: /ESRCH|EINVAL/ })
})
