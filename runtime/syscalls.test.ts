import assert from 'node:assert/strict'
import { once } from 'node:events'
import { openSync, statSync } from 'node:fs'
import { connect, createServer, Socket } from 'node:net'
import test from 'node:test'
import { establishedAt, socketCookie, tcpConnectionOf } from './socket-facts.ts'
import {
  closeDescriptor,
  failedWith,
  fileIdentity,
  isReadable,
  openPidfd,
  withDuplicate,
} from './syscalls.ts'

test('a failed call says which and why', () => {
  assert.throws(() => socketCookie(-1), { call: 'getsockopt', code: 'EBADF' })
  const file = openSync('/dev/null', 'r')
  assert.throws(
    () => socketCookie(file),
    (error) => failedWith(error, 'ENOTSOCK'),
  )
  closeDescriptor(file)
  assert.equal(failedWith(new Error('other'), 'EBADF'), false)
})

test('a file has the numbers that stat gives it', () => {
  for (const path of [process.execPath, '/proc/self/exe', '/dev/null', '/proc/self']) {
    const { dev, ino } = statSync(path, { bigint: true })
    assert.deepEqual(fileIdentity(path), { device: dev, inode: ino }, path)
  }
  assert.throws(() => fileIdentity('/nowhere'), { code: 'ENOENT' })
})

test('a duplicate is the same socket, and is closed again', async (t) => {
  const server = createServer()
  server.listen(0, '::')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const accepted = once(server, 'connection')
  const before = process.hrtime.bigint()
  const client = connect(address.port, '127.0.0.1')
  await once(client, 'connect')
  const connection: unknown[] = await accepted
  const socket = connection[0]
  assert.ok(socket instanceof Socket)
  t.after(() => socket.destroy())
  t.after(() => client.destroy())
  const near = tcpConnectionOf(client)
  const far = tcpConnectionOf(socket)
  assert.equal(near.local.port, far.remote.port)
  // The listener on :: sees IPv4 written as IPv6.
  assert.deepEqual([near.local.address.length, far.remote.address.length], [4, 16])
  assert.deepEqual(near.local.address, far.remote.address.subarray(12))
  const own = openPidfd(process.pid)
  t.after(() => closeDescriptor(own))
  let duplicate = -1
  const cookie = withDuplicate(own, far.descriptor, (fd) => {
    duplicate = fd
    return socketCookie(fd)
  })
  assert.equal(cookie, far.cookie)
  assert.throws(() => socketCookie(duplicate), { code: 'EBADF' })
  // The moment is before the connection, and not long before.
  assert.ok(near.establishedNs < process.hrtime.bigint())
  assert.ok(near.establishedNs > before - 1_000_000_000n)
  assert.ok(establishedAt(far.descriptor) > before - 1_000_000_000n)
  assert.equal(isReadable(own), false)
})
