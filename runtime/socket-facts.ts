/**
 * What a process can ask about a socket of its own: the facts by which the agent finds the process
 * at the other end (docs/local-peers.md). Needs no privilege.
 */
import { fstatSync } from 'node:fs'
import type { Socket } from 'node:net'
import { peerName, socketName, socketOption } from './syscalls.ts'

export interface Endpoint {
  /** 4 or 16 bytes, network order. */
  readonly address: Uint8Array
  readonly port: number
}

/** What either kind of socket tells. */
interface SocketFacts {
  /** SO_COOKIE of the socket. */
  readonly cookie: bigint
  /**
   * Nanoseconds on CLOCK_MONOTONIC (`process.hrtime.bigint()`), not later than the moment at which
   * the connection was made. 0 is not known: no program can be shown to be older.
   */
  readonly establishedNs: bigint
  /** Its number, a hint that saves the agent a search; 0 where it is not known. */
  readonly descriptor: number
}

/** A TCP connection as one of its two sockets, the local end, shows it. */
export interface TcpConnection extends SocketFacts {
  readonly local: Endpoint
  readonly remote: Endpoint
}

/** A Unix connection as one of its two sockets shows it. */
export interface UnixConnection extends SocketFacts {
  readonly inode: number
}

const SOL_SOCKET = 1
const AF_INET = 2
const AF_INET6 = 10
const SO_COOKIE = 57
const IPPROTO_TCP = 6
const TCP_INFO = 11
const TCP_INFO_LAST_DATA_SENT = 44

/** One tick of the slowest kernel clock in use (4 ms) and the rounding of the millisecond field. */
const establishedMarginNs = 5_000_000n

/**
 * Describes a TCP connection: at once on `connection` or `connect`, before anything is written to
 * it, else `establishedNs` is too late. Throws when the socket is not connected any more.
 */
export function tcpConnectionOf(socket: Socket): TcpConnection {
  const descriptor = descriptorOf(socket)
  return {
    local: endpoint(descriptor, socketName),
    remote: endpoint(descriptor, peerName),
    cookie: socketCookie(descriptor),
    establishedNs: establishedAt(descriptor),
    descriptor,
  }
}

/** Describes a Unix connection that was made after `establishedNs`: the time before `connect`. */
export function unixConnectionOf(socket: Socket, establishedNs: bigint): UnixConnection {
  const descriptor = descriptorOf(socket)
  const [inode, cookie] = [unixInode(descriptor), socketCookie(descriptor)]
  return { inode, cookie, establishedNs, descriptor }
}

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
function unixInode(fd: number): number {
  return fstatSync(fd).ino
}

function endpoint(fd: number, name: (fd: number, address: Uint8Array) => void): Endpoint {
  const address = Buffer.alloc(28)
  name(fd, address)
  const family = address.readUInt16LE(0)
  const port = address.readUInt16BE(2)
  if (family === AF_INET) return { address: address.subarray(4, 8), port }
  if (family === AF_INET6) return { address: address.subarray(8, 24), port }
  throw new Error(`expected a TCP socket, found address family ${family}`)
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
