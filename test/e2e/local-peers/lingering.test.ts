// needs: python3

// docs/local-peers.md, "What an attacker cannot make wait".
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { pinProcess } from '../../../runtime/peer-credentials.ts'
import { socketCookie } from '../../../runtime/socket-facts.ts'
import { failedWith, withDuplicate } from '../../../runtime/syscalls.ts'
import { Attacker } from './asking.ts'

test('a client that closes a lingering socket at the worst moment stops nobody', async (t) => {
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    t.after(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const attacker = new Attacker('lingering.py', String(address.port))
  t.after(async () => await attacker.kill())
  const descriptor = Number(await attacker.said())
  const peer = pinProcess(attacker.pid)
  t.after(() => peer.close())
  let closedNs = 0n
  withDuplicate(peer.pidfd, descriptor, (duplicate) => {
    process.kill(peer.pid, 'SIGUSR1')
    while (isOpen(peer.pid, descriptor)) socketCookie(duplicate)
    closedNs = process.hrtime.bigint()
  })
  const waitedMs = Number(process.hrtime.bigint() - closedNs) / 1e6
  // Half a minute without the alarm, five milliseconds with it.
  assert.ok(waitedMs < 5_000, `${waitedMs} ms`)
})

function isOpen(pid: number, descriptor: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`) !== ''
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return false
    throw error
  }
}
