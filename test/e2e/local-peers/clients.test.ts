// needs: root, python3, curl

// docs/local-peers.md, "Attacks": clients that try to be taken for another process get no identity
// but their own, and their honest twins get theirs.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { basename } from 'node:path'
import { after, before, test } from 'node:test'
import type { Attest, LocalIdentity } from '../../../agent/local-peers/attribution.ts'
import { type Attributed, LocalPeers } from '../../../agent/local-peers/local-peers.ts'
import { type Refused, refused } from '../../../agent/local-peers/refusal.ts'
import { type Peer, pinProcess } from '../../../runtime/peer-credentials.ts'
import { tcpConnectionOf } from '../../../runtime/socket-facts.ts'
import { Attacker, byProgram, byUser, firstLine, never, Tally } from './asking.ts'
import { rounds } from './rounds.ts'

const python = basename(realpathSync('/usr/bin/python3'))
const attackerIs = `${python}:60001`
const victimIs = `${python}:60002`

let self: Peer
let server: Server
let attacker: Attacker
let peers: LocalPeers
let onConnection: (socket: Socket) => void
const sockets = new Set<Socket>()

before(async () => {
  self = pinProcess(process.pid)
  peers = new LocalPeers()
  server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)))
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  attacker = new Attacker('clients.py', String(address.port), process.execPath)
})

after(async () => {
  await attacker.close()
  await peers.close()
  server.close()
  for (const socket of sockets) socket.destroy()
  self.close()
})

async function ask(
  socket: Socket,
  attest: Attest<LocalIdentity>,
  signal: AbortSignal,
): Promise<Attributed<LocalIdentity> | Refused> {
  socket.on('error', () => socket.destroy())
  let connection: ReturnType<typeof tcpConnectionOf>
  try {
    connection = tcpConnectionOf(socket)
  } catch {
    // Reset before the proxy could describe it.
    return refused('near-end-unknown')
  }
  return await peers.client(self, connection, attest, signal)
}

/** Gives the command, and hands each connection that it makes, in order, to `then`. */
async function connections(
  command: string,
  count: number,
  then: (socket: Socket, index: number) => Promise<void>,
): Promise<void> {
  const all = new Promise<Promise<void>[]>((resolve) => {
    const begun: Promise<void>[] = []
    onConnection = (socket) => {
      begun.push(then(socket, begun.length))
      if (begun.length === count) resolve(begun)
    }
  })
  await attacker.command(command)
  await Promise.all(await all)
}

/** One round: each connection is asked about at once, and held against who wrote to it. */
async function round(
  command: string,
  truths: readonly string[],
  attest: Attest<LocalIdentity>,
  tally: Tally,
): Promise<void> {
  await connections(command, truths.length, async (socket, index) => {
    const asked = new AbortController()
    const answer = await ask(socket, attest, asked.signal)
    const writer = await firstLine(socket)
    const truth = truths[index] ?? ''
    // A reset takes with it what was written; then only the order says who it was.
    if (/^[\w.-]+:\d+$/.test(writer)) assert.equal(writer, truth)
    tally.add(answer, truth)
    asked.abort()
    socket.destroy()
  })
  await attacker.command('done')
}

async function repeat(
  command: string,
  truths: readonly string[],
  attest: Attest<LocalIdentity>,
): Promise<Tally> {
  const tally = new Tally()
  for (let count = 0; count < rounds; count++) await round(command, truths, attest, tally)
  return tally
}

const honest = [
  ['honest cloexec', victimIs, byProgram],
  ['honest inheritable', victimIs, byProgram],
  ['honest half-closed', victimIs, byProgram],
  ['curl', 'curl:60002', byUser],
] as const
for (const [command, truth, attest] of honest)
  test(`an honest client is named: ${command} [PEER-8]`, async (t) => {
    const tally = await repeat(command, [truth], attest)
    t.diagnostic(tally.summary)
    assert.deepEqual(tally.wrong, [])
    // A machine that is very busy may make a client wait between its start and its first check.
    assert.ok(tally.right >= rounds * 0.98, tally.summary)
  })

const attacks = [
  ['leaves', [attackerIs], byUser],
  ['same_tuple', [attackerIs, victimIs], byUser],
  ['pid_reused', [attackerIs], byUser],
  ['exec_in_place sleep', [attackerIs], byProgram],
  ['exec_in_place node', [attackerIs], byProgram],
  ['exec_cleared sleep', [attackerIs], byProgram],
  ['exec_cleared node', [attackerIs], byProgram],
  ['exec_by_child sleep', [attackerIs], byProgram],
  ['exec_by_child node', [attackerIs], byProgram],
  ['exec_then_fork', [attackerIs], byProgram],
  ['traced_exec node', [attackerIs], byProgram],
] as const
for (const [command, truths, attest] of attacks)
  test(`an attacker gets no identity but its own: ${command} [PEER-1 PEER-2 PEER-3 PEER-4 PEER-5 PEER-6]`, async (t) => {
    const tally = await repeat(command, truths, attest)
    t.diagnostic(tally.summary)
    assert.deepEqual(tally.wrong, [])
  })

for (const command of ['exec_in_place node', 'exec_cleared sleep', 'exec_by_child node'])
  test(`nor does it where the kernel tells of no exec: ${command} [PEER-4 PEER-5 PEER-6]`, async (t) => {
    const listening = peers
    peers = new LocalPeers({ listensToProcessEvents: false })
    try {
      const tally = await repeat(command, [attackerIs], byProgram)
      t.diagnostic(tally.summary)
      assert.deepEqual(tally.wrong, [])
    } finally {
      await peers.close()
      peers = listening
    }
  })

test('a connection passed to a process of another user does not become its own [PEER-7]', async (t) => {
  const asked = new AbortController()
  // The victim is known from a connection of its own: what would spare the search is tried as well.
  await connections('victim', 1, async (socket) => {
    const answer = await ask(socket, byUser, asked.signal)
    assert.equal(answer.kind === 'attributed' ? answer.identity.key : answer.reason, victimIs)
  })
  const tally = await repeat('passed', [attackerIs], byUser)
  t.diagnostic(tally.summary)
  assert.deepEqual(tally.wrong, [])
  asked.abort()
})

test('a program that is replaced while its connection is in use loses the answer [PEER-13]', async () => {
  for (let count = 0; count < Math.min(rounds, 100); count++) {
    await connections('exec_when_told node', 1, async (socket) => {
      const answer = await ask(socket, byProgram, never)
      assert.equal(answer.kind === 'attributed' ? answer.identity.key : answer.reason, attackerIs)
      if (answer.kind === 'refused') return
      const ended = once(answer.ended, 'abort')
      const told = attacker.command('tell')
      await ended
      const again = await ask(socket, byProgram, never)
      assert.equal(
        again.kind === 'refused' ? again.reason : again.identity.key,
        'program-started-later',
      )
      await told
      socket.destroy()
    })
    await attacker.command('done')
  }
})
