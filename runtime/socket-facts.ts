/**
 * What a process can ask about a socket of its own: the facts by which the agent finds the process
 * at the other end (docs/local-peers.md). Needs no privilege.
 */
import { fstatSync } from 'node:fs'
import type { Socket } from 'node:net'
import { socketOption } from './syscalls.ts'

const SOL_SOCKET = 1
const SO_COOKIE = 57
const IPPROTO_TCP = 6
const TCP_INFO = 11
const TCP_INFO_LAST_DATA_SENT = 44

/** One tick of the slowest kernel clock in use (4 ms) and the rounding of the millisecond field. */
const establishedMarginNs = 5_000_000n

/**
 * The descriptor of an open socket. Use it before the next `await` and never keep it: once the
 * socket is destroyed the number may belong to another file. Throws when the socket has none.
 */
export function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle')
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : -1
  if (typeof fd !== 'number' || !Number.isInteger(fd) || fd < 0)
    throw new Error('the socket has no open descriptor')
  return fd
}

/** A number that the kernel gives to one socket and never to another until the machine restarts. */
export function socketCookie(fd: number): bigint {
  const value = Buffer.alloc(8)
  socketOption(fd, SOL_SOCKET, SO_COOKIE, value)
  return value.readBigUInt64LE()
}

/** The inode of a socket, under which `/proc/<pid>/fd` and unix_diag show it: 32 bits. */
export function unixInode(fd: number): number {
  return fstatSync(fd).ino
}

const tcpInfo = Buffer.alloc(104)

/**
 * A moment, on the clock of `process.hrtime.bigint()`, at which the TCP connection did not exist
 * yet: just before it was made. True only until the first byte is written to the socket.
 */
export function establishedAt(fd: number): bigint {
  const length = socketOption(fd, IPPROTO_TCP, TCP_INFO, tcpInfo)
  if (length < TCP_INFO_LAST_DATA_SENT + 4) throw new Error('TCP_INFO is too short')
  const sinceLastSentMs = tcpInfo.readUInt32LE(TCP_INFO_LAST_DATA_SENT)
  return process.hrtime.bigint() - BigInt(sinceLastSentMs) * 1_000_000n - establishedMarginNs
}
