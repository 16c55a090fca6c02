/**
 * From the caller's own socket to the socket at the other end: step S of docs/local-peers.md.
 *
 * Each look is three lookups: own socket with its cookie, other socket, own socket again. While
 * our cookie answers on this tuple, nobody else can be connected on the reversed one; so what was
 * seen in between is the other end of this very connection.
 */
import type { UnixConnection } from '../../runtime/socket-facts.ts'
import { type Refused, refused } from './refusal.ts'
import { type SockDiag, type TcpSocket, tcpStates } from './sock-diag.ts'
import { reversed, type Tuple } from './tuple.ts'

/** Two sockets that the kernel says are connected to each other. */
export interface Pair {
  readonly kind: 'pair'
  /** Inode of the caller's socket. */
  readonly nearInode: number
  readonly far: FarEnd
}

export interface FarEnd {
  readonly inode: number
  readonly cookie: bigint
  readonly uid: number
}

/** The other end exists, but no process has taken it yet. */
export interface Unaccepted {
  readonly kind: 'unaccepted'
  readonly nearInode: number
}

const openNear: readonly number[] = [tcpStates.established, tcpStates.closeWait]
const openFar: readonly number[] = [
  tcpStates.established,
  tcpStates.finWait1,
  tcpStates.finWait2,
  tcpStates.closeWait,
]
const established = 1
/** Not a value the kernel gives to a socket; as a cookie it would mean "any". */
const anyCookie = 0xffffffffffffffffn

/** Looks at both ends of a TCP connection. */
export function lookAtTcp(
  diag: SockDiag,
  tuple: Tuple,
  cookie: bigint,
): Pair | Unaccepted | Refused {
  const near = ownTcp(diag, tuple, cookie)
  if (near === undefined) return refused('near-end-unknown')
  const far = diag.tcp(reversed(tuple))
  if (ownTcp(diag, tuple, cookie)?.inode !== near.inode) return refused('near-end-unknown')
  if (far === undefined || !isConnection(far, reversed(tuple))) return refused('far-end-gone')
  if (far.inode === 0 && (far.state === established || far.state === tcpStates.synReceived))
    return { kind: 'unaccepted', nearInode: near.inode }
  if (far.inode === 0 || !openFar.includes(far.state)) return refused('far-end-gone')
  const { inode, uid } = far
  return { kind: 'pair', nearInode: near.inode, far: { inode, uid, cookie: far.cookie } }
}

/** Looks at both ends of a Unix connection. */
export function lookAtUnix(
  diag: SockDiag,
  { inode, cookie }: UnixConnection,
): Pair | Unaccepted | Refused {
  const before = ownUnix(diag, inode, cookie)
  if (before === undefined) return refused('near-end-unknown')
  if (before.peerInode === undefined) return refused('far-end-gone')
  const unaccepted = { kind: 'unaccepted', nearInode: inode } as const
  if (before.peerInode === 0) return unaccepted
  const far = diag.unix(before.peerInode)
  const after = ownUnix(diag, inode, cookie)
  if (after === undefined) return refused('near-end-unknown')
  if (far === undefined || far.peerInode !== inode || after.peerInode !== far.inode)
    return refused('far-end-gone')
  return {
    kind: 'pair',
    nearInode: inode,
    far: { inode: far.inode, cookie: far.cookie, uid: far.uid },
  }
}

function ownTcp(diag: SockDiag, tuple: Tuple, cookie: bigint): TcpSocket | undefined {
  if (cookie === anyCookie) return undefined
  const own = diag.tcp(tuple, cookie)
  if (own === undefined || !isConnection(own, tuple) || own.cookie !== cookie) return undefined
  return openNear.includes(own.state) && own.inode !== 0 ? own : undefined
}

function ownUnix(diag: SockDiag, inode: number, cookie: bigint) {
  if (cookie === anyCookie) return undefined
  const own = diag.unix(inode, cookie)
  if (own === undefined || own.inode !== inode || own.cookie !== cookie) return undefined
  return own.state === established ? own : undefined
}

/** Sets apart the listener with which sock_diag answers when no connection matches. */
function isConnection(socket: TcpSocket, { local, remote }: Tuple): boolean {
  return socket.localPort === local.port && socket.remotePort === remote.port
}
