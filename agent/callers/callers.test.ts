import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { Metadata } from '@grpc/grpc-js'
import { UnixAttestor } from '../../attestors/workload/unix.ts'
import type { WorkloadAttestor } from '../../attestors/workload/workload-attestor.ts'
import { Failure } from '../../runtime/failure.ts'
import type { GatedCall } from '../../runtime/grpc/handlers.ts'
import { silentLogger } from '../../runtime/log.ts'
import { pinProcess } from '../../runtime/peer-credentials.ts'
import { Callers } from './callers.ts'
import { WorkloadAttestation } from './workload-attestation.ts'

const never = new AbortController().signal
const uid = process.geteuid?.() ?? 0

interface Door {
  readonly socketPath: string
  /** The next connection that is accepted. */
  next(): Promise<Socket>
}

async function openDoor(t: TestContext): Promise<Door> {
  const folder = await mkdtemp(path.join(tmpdir(), 'agent-callers-'))
  const socketPath = path.join(folder, 'door.sock')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const open: Socket[] = []
  server.on('connection', (socket) => open.push(socket))
  t.after(async () => {
    for (const socket of open) socket.destroy()
    server.close()
    await rm(folder, { recursive: true })
  })
  return {
    socketPath,
    next: () =>
      new Promise((resolve) => {
        server.once('connection', resolve)
      }),
  }
}

async function enter(door: Door): Promise<{ ours: Socket; theirs: Socket }> {
  const accepted = door.next()
  const theirs = connect(door.socketPath)
  theirs.on('error', () => undefined)
  return { ours: await accepted, theirs }
}

const callFrom = (address: string): GatedCall => ({
  getPeer: () => address,
  getPath: () => '/Service/Method',
  metadata: new Metadata(),
})

const callOn = (socket: Socket): GatedCall => callFrom(socket.remoteAddress ?? '')

test('a caller is the process that connected, until its connection closes', async (t) => {
  const door = await openDoor(t)
  const callers = new Callers(silentLogger)
  const { ours, theirs } = await enter(door)
  callers.accept(ours)
  const { peer } = callers.of(callOn(ours))
  assert.deepEqual([peer.pid, peer.uid], [process.pid, uid])
  assert.equal(peer.isUnchanged(), true)
  theirs.destroy()
  ours.resume()
  await once(ours, 'close')
  assert.equal(callers.size, 0)
  assert.equal(peer.isAlive(), false)
  assert.throws(
    () => callers.of(callFrom('connection-0')),
    (error) => error instanceof Failure && error.code === 'unavailable',
  )
})

test('one user has so many connections at a time, and not one more [BAD-6]', async (t) => {
  const door = await openDoor(t)
  const callers = new Callers(silentLogger, { connectionsPerUid: 2, callsPerUid: 1 })
  const [one, two, three] = [await enter(door), await enter(door), await enter(door)]
  callers.accept(one.ours)
  callers.accept(two.ours)
  assert.throws(() => callers.accept(three.ours), /too many connections of one user/)
  one.theirs.destroy()
  one.ours.resume()
  await once(one.ours, 'close')
  callers.accept(three.ours)
})

test('one user has so many calls at a time, and not one more [BAD-6]', async (t) => {
  const door = await openDoor(t)
  const callers = new Callers(silentLogger, { connectionsPerUid: 2, callsPerUid: 1 })
  const { ours } = await enter(door)
  callers.accept(ours)
  const caller = callers.of(callOn(ours))
  const first = new AbortController()
  callers.occupy(caller, first.signal)
  assert.throws(
    () => callers.occupy(caller, never),
    (error) => error instanceof Failure && error.code === 'resource-exhausted',
  )
  first.abort()
  callers.occupy(caller, never)
})

function unixAttestor(): UnixAttestor {
  return new UnixAttestor({ discoverWorkloadPath: false, workloadSizeLimitBytes: 0 })
}

test('a process that runs another program is not attested any more [EDGE-5]', async () => {
  const child = spawn('/bin/sh', ['-c', 'read line; exec sleep 60'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  await once(child, 'spawn')
  const peer = pinProcess(child.pid ?? -1)
  const attestation = new WorkloadAttestation([unixAttestor()], silentLogger)
  const selectors = await attestation.selectorsOf(peer, never)
  assert.ok(selectors.has(`unix:uid:${uid}`))
  child.stdin.end('go\n')
  while (peer.isUnchanged()) await new Promise((resolve) => setTimeout(resolve, 5))
  await assert.rejects(
    attestation.selectorsOf(peer, never),
    (error) => error instanceof Failure && error.message === 'workload attestation failed',
  )
  child.kill('SIGKILL')
  await once(child, 'exit')
  peer.close()
})

test('a process that changes while it is attested is refused [EDGE-5]', async () => {
  const child = spawn('/bin/sleep', ['60'])
  await once(child, 'spawn')
  const peer = pinProcess(child.pid ?? -1)
  const slow: WorkloadAttestor = {
    type: 'slow',
    attest: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
      return [{ type: 'slow', value: 'x' }]
    },
    close: () => Promise.resolve(),
  }
  const attestation = new WorkloadAttestation([slow], silentLogger)
  await assert.rejects(attestation.selectorsOf(peer, never), /workload attestation failed/)
  peer.close()
})

test('one attestor that fails is done without, all that fail are not [EDGE-3]', async () => {
  const failing: WorkloadAttestor = {
    type: 'failing',
    attest: () => Promise.reject(new Error('no')),
    close: () => Promise.resolve(),
  }
  const peer = pinProcess(process.pid)
  const some = new WorkloadAttestation([failing, unixAttestor()], silentLogger)
  assert.ok((await some.selectorsOf(peer, never)).has(`unix:uid:${uid}`))
  const none = new WorkloadAttestation([failing], silentLogger)
  await assert.rejects(none.selectorsOf(peer, never), /workload attestation failed/)
  peer.close()
})
