/**
 * Asks the kernel about single sockets: sock_diag(7), exact lookups only. A lookup takes some
 * microseconds however many sockets there are, and needs no privilege. The sockets seen are those
 * of the network namespace in which this was opened.
 */
import {
  closeDescriptor,
  failedWith,
  openNetlink,
  receiveMessage,
  SystemCallError,
  sendMessage,
} from '../../runtime/syscalls.ts'
import type { Tuple } from './tuple.ts'

/** tcp(7) states, those that matter here. */
export const tcpStates = {
  established: 1,
  synReceived: 3,
  finWait1: 4,
  finWait2: 5,
  closeWait: 8,
} as const

/** One TCP socket. */
export interface TcpSocket {
  readonly state: number
  readonly localPort: number
  readonly remotePort: number
  readonly cookie: bigint
  /** User of the process that made the socket: for an accepted one, who accepted it. */
  readonly uid: number
  /** 0 while no process has a descriptor for it: not yet accepted, or closed. */
  readonly inode: number
}

/** One Unix socket. */
export interface UnixSocket {
  readonly state: number
  readonly inode: number
  readonly cookie: bigint
  readonly uid: number
  /** 0 while the connection waits to be accepted; undefined when there is no other end. */
  readonly peerInode: number | undefined
}

const NETLINK_SOCK_DIAG = 4
const SOCK_DIAG_BY_FAMILY = 20
const NLMSG_ERROR = 2
const NLM_F_REQUEST = 1
const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10
const IPPROTO_TCP = 6
const UDIAG_SHOW_PEER = 4
const UDIAG_SHOW_UID = 0x40
const UNIX_DIAG_PEER = 2
const UNIX_DIAG_UID = 7
const anyCookie = 0xffffffffffffffffn
const headerBytes = 16

const limits = { replyBytes: 8192, staleReplies: 16 } as const

/** One netlink socket, for one thread; `close()` gives its descriptor back. */
export class SockDiag {
  readonly #fd = openNetlink(NETLINK_SOCK_DIAG)
  readonly #inet = Buffer.alloc(72)
  readonly #unix = Buffer.alloc(40)
  readonly #reply = Buffer.alloc(limits.replyBytes)
  #sequence = 0
  #isClosed = false

  /**
   * The socket whose own end is `tuple.local`, and with this cookie if one is given. Undefined when
   * there is none. The kernel answers with a listener where no connection matches: compare ports
   * and state before believing it.
   */
  tcp(tuple: Tuple, cookie = anyCookie): TcpSocket | undefined {
    const request = this.#inet.fill(0)
    request[16] = tuple.family === 4 ? AF_INET : AF_INET6
    request[17] = IPPROTO_TCP
    request.writeUInt32LE(0xffffffff, 20)
    request.writeUInt16BE(tuple.local.port, 24)
    request.writeUInt16BE(tuple.remote.port, 26)
    request.set(tuple.local.address, 28)
    request.set(tuple.remote.address, 44)
    request.writeBigUInt64LE(cookie, 64)
    const reply = this.#ask(request)
    if (reply === undefined || reply.length < 88) return undefined
    return {
      state: reply.readUInt8(17),
      localPort: reply.readUInt16BE(20),
      remotePort: reply.readUInt16BE(22),
      cookie: reply.readBigUInt64LE(60),
      uid: reply.readUInt32LE(80),
      inode: reply.readUInt32LE(84),
    }
  }

  /** The Unix socket with this inode, and this cookie if one is given. Undefined: there is none. */
  unix(inode: number, cookie = anyCookie): UnixSocket | undefined {
    const request = this.#unix.fill(0)
    request[16] = AF_UNIX
    request.writeUInt32LE(0xffffffff, 20)
    request.writeUInt32LE(inode, 24)
    request.writeUInt32LE(UDIAG_SHOW_PEER | UDIAG_SHOW_UID, 28)
    request.writeBigUInt64LE(cookie, 32)
    const reply = this.#ask(request)
    if (reply === undefined || reply.length < 32) return undefined
    const uid = attribute(reply, 32, UNIX_DIAG_UID)
    if (uid === undefined) throw new Error('unix_diag does not tell the user of a socket')
    return {
      state: reply.readUInt8(18),
      inode: reply.readUInt32LE(20),
      cookie: reply.readBigUInt64LE(24),
      uid,
      peerInode: attribute(reply, 32, UNIX_DIAG_PEER),
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeDescriptor(this.#fd)
  }

  /** The kernel answers inside `send`, so that the reply waits already. ENOENT is undefined. */
  #ask(request: Buffer): Buffer | undefined {
    if (this.#isClosed) throw new TypeError('this SockDiag is closed')
    this.#sequence = (this.#sequence + 1) >>> 0
    request.writeUInt32LE(request.length, 0)
    request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4)
    request.writeUInt16LE(NLM_F_REQUEST, 6)
    request.writeUInt32LE(this.#sequence, 8)
    sendMessage(this.#fd, request)
    for (let stale = 0; stale < limits.staleReplies; stale++) {
      const length = receiveMessage(this.#fd, this.#reply)
      if (length > this.#reply.length) throw new Error('a reply of sock_diag was cut off')
      const reply = this.#reply.subarray(0, length)
      if (length < headerBytes || reply.readUInt32LE(8) !== this.#sequence) continue
      return whole(reply)
    }
    throw new Error('sock_diag does not answer what it was asked')
  }
}

function whole(reply: Buffer): Buffer | undefined {
  const type = reply.readUInt16LE(4)
  if (type === SOCK_DIAG_BY_FAMILY) return reply
  if (type !== NLMSG_ERROR || reply.length < 20)
    throw new Error(`sock_diag answered with a message of type ${type}`)
  const error = new SystemCallError('sock_diag', -reply.readInt32LE(16))
  // ESTALE: a Unix socket with that inode exists, but its cookie is another one.
  if (failedWith(error, 'ENOENT', 'ESTALE')) return undefined
  throw error
}

/** The value of a 32-bit netlink attribute. */
function attribute(reply: Buffer, start: number, type: number): number | undefined {
  for (let at = start; at + 4 <= reply.length; ) {
    const length = reply.readUInt16LE(at)
    if (length < 4) return undefined
    if (reply.readUInt16LE(at + 2) === type && length === 8 && at + 8 <= reply.length)
      return reply.readUInt32LE(at + 4)
    at += (length + 3) & ~3
  }
  return undefined
}
