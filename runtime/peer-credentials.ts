/**
 * Who is at the other end of a Unix socket, by the kernel's word: DESIGN section "Caller identity".
 *
 * Call `peerOf` at once on `connection`, before the socket is handed to anyone. A pidfd holds the
 * process against reuse of its pid, and the fingerprint says whether it still runs the program, as
 * the user, that it did then. An exec between `connect` and accept goes unseen.
 */
import type { Socket } from 'node:net'
import { type Fingerprint, fingerprintOf, pidOfPidfd } from './proc.ts'
import { descriptorOf } from './socket-facts.ts'
import { closeDescriptor, failedWith, isReadable, openPidfd, socketOption } from './syscalls.ts'

/** Process, user and group that called `connect()`, as they were at that time. */
export interface Credentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** One process, held: while it is alive its pid can belong to nobody else. */
export interface Peer extends Credentials {
  /** Ours until `close()`. */
  readonly pidfd: number
  /** The program and user at the time the peer was pinned. */
  readonly fingerprint: Fingerprint
  /** False once the process has exited, even while nobody has reaped it. */
  isAlive(): boolean
  /** Whether it is alive and still runs the same program as the same user. */
  isUnchanged(): boolean
  /** Releases the pidfd; the peer counts as dead from then on. */
  close(): void
}

type PeerErrorCode = 'ERR_PEER_GONE' | 'ERR_PEER_UNKNOWN' | 'ERR_PEER_OTHER_USER'

/** Why a peer cannot be pinned, where no system call failed. */
class PeerError extends Error {
  readonly code: PeerErrorCode

  constructor(code: PeerErrorCode, message: string) {
    super(message)
    this.name = 'PeerError'
    this.code = code
  }
}

const SOL_SOCKET = 1
const SO_PEERCRED = 17
const SO_PEERPIDFD = 77

/**
 * Names the process that connected to a Unix socket of ours, for logs and audit; nothing holds the
 * pid. Throws when the kernel does not say.
 */
export function credentialsOf(socket: Socket): Credentials {
  return readCredentials(descriptorOf(socket))
}

/**
 * Pins the process that connected to a Unix socket of ours. Throws unless the kernel names a
 * process that we can see, that is alive, and that is still the user it was when it connected.
 * The caller closes the peer when the socket closes.
 */
export function peerOf(socket: Socket): Peer {
  const fd = descriptorOf(socket)
  const { pid, uid, gid } = readCredentials(fd)
  if (pid <= 0)
    throw new PeerError('ERR_PEER_UNKNOWN', 'the peer process is not in our pid namespace')
  return pin(pid, peerPidfd(fd, pid), (peer) => {
    const { uids, gids } = peer.fingerprint
    if (uids.effective !== uid || gids.effective !== gid)
      throw new PeerError('ERR_PEER_OTHER_USER', `process ${pid} connected as another user`)
  })
}

/** Pins the process that has this pid now. Throws when there is none, or we may not read it. */
export function pinProcess(pid: number): Peer {
  return pin(pid, openPidfd(pid))
}

function pin(pid: number, pidfd: number, check?: (peer: Peer) => void): Peer {
  try {
    if (pidOfPidfd(pidfd) !== pid) throw gone(pid)
    const fingerprint = fingerprintOf(pid)
    const peer = new HeldProcess(pid, pidfd, fingerprint)
    if (!peer.isAlive()) throw gone(pid)
    check?.(peer)
    return peer
  } catch (error) {
    closeDescriptor(pidfd)
    throw error
  }
}

function gone(pid: number): PeerError {
  return new PeerError('ERR_PEER_GONE', `process ${pid} is gone`)
}

class HeldProcess implements Peer {
  readonly pid: number
  readonly uid: number
  readonly gid: number
  readonly pidfd: number
  readonly fingerprint: Fingerprint
  #isClosed = false

  constructor(pid: number, pidfd: number, fingerprint: Fingerprint) {
    this.pid = pid
    this.uid = fingerprint.uids.effective
    this.gid = fingerprint.gids.effective
    this.pidfd = pidfd
    this.fingerprint = fingerprint
  }

  isAlive(): boolean {
    return !this.#isClosed && !isReadable(this.pidfd)
  }

  isUnchanged(): boolean {
    try {
      // Alive after reading: what was read under this pid was this process.
      return fingerprintOf(this.pid).text === this.fingerprint.text && this.isAlive()
    } catch {
      // Gone, or no longer readable to us: either way not what it was.
      return false
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeDescriptor(this.pidfd)
  }
}

function readCredentials(fd: number): Credentials {
  const value = Buffer.alloc(12)
  if (socketOption(fd, SOL_SOCKET, SO_PEERCRED, value) !== value.length)
    throw new PeerError('ERR_PEER_UNKNOWN', 'the kernel gave no peer credentials')
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) }
}

/** Before Linux 6.5 by pid: whoever has it now, which the fingerprint then holds fast. */
function peerPidfd(fd: number, pid: number): number {
  return readPeerPidfd(fd) ?? openPidfd(pid)
}

function readPeerPidfd(fd: number): number | undefined {
  const value = Buffer.alloc(4)
  try {
    socketOption(fd, SOL_SOCKET, SO_PEERPIDFD, value)
  } catch (error) {
    if (failedWith(error, 'ENOPROTOOPT')) return undefined
    throw error
  }
  return value.readInt32LE(0)
}
