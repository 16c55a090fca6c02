// needs: root, python3

// docs/local-peers.md, "Attacks": the process that accepted a connection is named, whoever else
// listens on its address, before, after or at the same time.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import type { Attest, LocalIdentity } from '../../../agent/local-peers/attribution.ts'
import { LocalPeers } from '../../../agent/local-peers/local-peers.ts'
import { type Peer, pinProcess } from '../../../runtime/peer-credentials.ts'
import { tcpConnectionOf, unixConnectionOf } from '../../../runtime/socket-facts.ts'
import { failedWith } from '../../../runtime/syscalls.ts'
import { Attacker, byProgram, byUser, firstLine, Tally } from './asking.ts'
import { rounds } from './rounds.ts'

const python = basename(realpathSync('/usr/bin/python3'))

let self: Peer
let peers: LocalPeers
let folder: string

before(() => {
  self = pinProcess(process.pid)
  peers = new LocalPeers()
  folder = mkdtempSync(join(tmpdir(), 'local-peers-'))
  chmodSync(folder, 0o755)
})

after(async () => {
  await peers.close()
  self.close()
  rmSync(folder, { recursive: true })
})

async function freePort(): Promise<string> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  server.close()
  await once(server, 'close')
  return String(address.port)
}

/** Connects, asks, and only then sends the byte that makes the server say who it is. */
async function round(address: string, attest: Attest<LocalIdentity>, tally: Tally): Promise<void> {
  const isUnix = address.startsWith('/')
  const before = process.hrtime.bigint()
  const socket = isUnix ? connect(address) : connect(Number(address), '127.0.0.1')
  const asked = new AbortController()
  try {
    await once(socket, 'connect')
    socket.on('error', () => socket.destroy())
    const answer = isUnix
      ? await peers.upstreamUnix(self, unixConnectionOf(socket, before), attest, asked.signal)
      : await peers.upstreamTcp(self, tcpConnectionOf(socket), attest, asked.signal)
    socket.write('?')
    const truth = await firstLine(socket)
    // Without a line nobody took the connection for long; what matters is who got the byte.
    if (truth !== '' || answer.kind === 'refused') tally.add(answer, truth)
  } catch (error) {
    // Nobody listened at that moment, or no longer.
    if (failedWith(error, 'ECONNREFUSED', 'ENOTCONN', 'ECONNRESET')) return
    throw error
  } finally {
    asked.abort()
    socket.destroy()
  }
}

async function repeat(
  t: TestContext,
  kind: string,
  address: string,
  attest: Attest<LocalIdentity>,
  ups = 1,
): Promise<Tally> {
  const copy = join(folder, 'python-copy')
  copyFileSync('/usr/bin/python3', copy)
  const attacker = new Attacker('servers.py', kind, address, copy)
  try {
    for (let count = 0; count < ups; count++) await attacker.said()
    const tally = new Tally()
    for (let tries = 0; tries < rounds * 20 && tally.right + tally.refused < rounds; tries++) {
      await round(address, attest, tally)
      assert.deepEqual(tally.wrong, [])
    }
    t.diagnostic(tally.summary)
    return tally
  } finally {
    await attacker.close()
  }
}

test('two users take turns on a port [PEER-10]', async (t) => {
  const tally = await repeat(t, 'take-turns', await freePort(), byUser)
  assert.ok(tally.right > rounds / 4, tally.summary)
})

test('two programs share a port [PEER-11]', async (t) => {
  const tally = await repeat(t, 'shared-port', await freePort(), byProgram, 2)
  assert.ok(tally.right >= rounds * 0.98, tally.summary)
})

test('one program stays on a port, and another joins and leaves it [PEER-12]', async (t) => {
  const tally = await repeat(t, 'come-and-go', await freePort(), byProgram)
  assert.ok(tally.right > rounds / 2, tally.summary)
})

for (const kind of ['Unix', 'TCP'])
  test(`one user listens on a ${kind} socket and a child of another user accepts [PEER-16]`, async (t) => {
    const address = kind === 'Unix' ? join(folder, 'forked') : await freePort()
    const tally = await repeat(t, 'forked', address, byUser)
    assert.ok(tally.right >= rounds * 0.98, tally.summary)
  })

test('a server that forks for each connection is named by user', async (t) => {
  const tally = await repeat(t, 'forked-per-connection', join(folder, 'forking'), byUser)
  assert.ok(tally.right > rounds / 2, tally.summary)
})

for (const kind of ['Unix', 'TCP'])
  test(`an answer written in advance on a ${kind} socket is not taken for that of the program run after it`, async (t) => {
    const address = kind === 'Unix' ? join(folder, 'written') : await freePort()
    const attest: Attest<LocalIdentity> = async (process) => {
      const identity = await byProgram(process)
      // The attacker itself has no identity to give.
      return identity.key.startsWith(python) ? undefined : identity
    }
    const tally = await repeat(t, 'written-before-exec', address, attest)
    assert.equal(tally.right, 0)
  })
