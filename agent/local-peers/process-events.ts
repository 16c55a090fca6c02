/**
 * Hears of every fork and exec on the machine: the kernel's process connector
 * (Documentation/driver-api/connector.rst). With it the agent can prove that a process has run one
 * program since a moment in the past, and learns of an exec as it happens.
 *
 * Works in the first pid and user namespace only; Linux before 6.6 wants CAP_NET_ADMIN. Where it
 * does not work nothing is heard, `isListening` is false and nothing is proved.
 */
import {
  bindNetlink,
  closeDescriptor,
  failedWith,
  openNetlink,
  receiveMessage,
  sendMessage,
  setReceiveBuffer,
  watchReadable,
} from '../../runtime/syscalls.ts'

/**
 * `processes` are remembered at most; the oldest are forgotten, and nothing is proved of then. A
 * turn takes more messages than the receive buffer holds.
 */
const limits = {
  processes: 65_536,
  messagesPerTurn: 16_384,
  receiveBufferBytes: 4 << 20,
  generations: 16,
} as const

export interface ProcessEventsListener {
  /** The process ran another program, or changed its user or group. */
  changed(pid: number): void
  /** Events were lost: any process may have changed. */
  lost(): void
}

/** What is remembered of a process: the last of each, on CLOCK_MONOTONIC. */
interface Last {
  execNs: bigint
  forkNs: bigint
  forkedBy: number
}

const NETLINK_CONNECTOR = 11
const CN_IDX_PROC = 1
const PROC_CN_MCAST_LISTEN = 1
const messageBytes = 40
const eventAt = 36

const events = { none: 0, fork: 1, exec: 2, uid: 4, gid: 0x40 } as const

export class ProcessEvents {
  readonly #listener: ProcessEventsListener
  readonly #message = Buffer.alloc(1024)
  /** In the order of the last event, so that the first is the one to forget. */
  readonly #last = new Map<number, Last>()
  #fd: number | undefined
  #stopWatching: (() => void) | undefined
  /** Of what happened before this, some may be unknown. */
  #completeSinceNs = 0n
  #isListening = false

  /** Hears nothing unless `isWanted`. */
  constructor(listener: ProcessEventsListener, isWanted = true) {
    this.#listener = listener
    if (!isWanted) return
    try {
      this.#fd = subscribe()
      // The kernel acknowledges inside `send`, unless it does not serve this namespace or user.
      this.drain()
      if (this.#isListening) this.#stopWatching = watchReadable(this.#fd, () => this.drain())
      else this.close()
    } catch (error) {
      this.close()
      if (!failedWith(error, 'EPERM', 'EACCES', 'EPROTONOSUPPORT', 'ECONNREFUSED', 'ENOENT'))
        throw error
      return
    }
  }

  /** Whether the kernel sends events. */
  get isListening(): boolean {
    return this.#isListening
  }

  /**
   * Whether it is proved that `pid` has run one program since `sinceNs`: no exec, and neither in
   * the process that forked it, if it was forked since, and so on. False where events are missing.
   */
  hasRunSince(pid: number, sinceNs: bigint): boolean {
    this.drain()
    if (!this.#isListening || sinceNs <= this.#completeSinceNs) return false
    let child: Last | undefined
    let current = pid
    for (let generation = 0; generation < limits.generations; generation++) {
      const last = this.#last.get(current)
      if (last === undefined) return true
      if (last.execNs >= sinceNs) return false
      // Another process has the forker's pid since: what the forker itself did is overwritten.
      if (child !== undefined && last.forkNs >= child.forkNs) return false
      if (last.forkNs < sinceNs) return true
      child = last
      current = last.forkedBy
    }
    return false
  }

  /** Takes in the events that wait, up to a limit: what is left wakes the event loop again. */
  drain(): void {
    if (this.#fd === undefined) return
    for (let count = 0; count < limits.messagesPerTurn; count++) {
      try {
        this.#take(receiveMessage(this.#fd, this.#message))
      } catch (error) {
        if (failedWith(error, 'EAGAIN')) return
        if (!failedWith(error, 'ENOBUFS')) throw error
        this.#forgetEverything()
      }
    }
    // More than a turn's worth was waiting, and what is still unread may matter to who asks next.
    this.#completeSinceNs = process.hrtime.bigint()
  }

  close(): void {
    this.#isListening = false
    this.#stopWatching?.()
    this.#stopWatching = undefined
    if (this.#fd !== undefined) closeDescriptor(this.#fd)
    this.#fd = undefined
    this.#last.clear()
  }

  #take(length: number): void {
    const message = this.#message
    if (length < eventAt + 16 || message.readUInt32LE(16) !== CN_IDX_PROC) return
    const what = message.readUInt32LE(eventAt)
    const atNs = message.readBigUInt64LE(44)
    const [pid, group] = [message.readInt32LE(52), message.readInt32LE(56)]
    switch (what) {
      case events.none:
        if (message.readUInt32LE(52) === 0 && !this.#isListening) {
          this.#isListening = true
          this.#completeSinceNs = process.hrtime.bigint()
        }
        return
      case events.fork: {
        const [childThread, child] = [message.readInt32LE(60), message.readInt32LE(64)]
        // A new thread of the same process is no fork.
        if (childThread === child) this.#note(child, { forkNs: atNs, forkedBy: group })
        return
      }
      case events.exec:
        this.#note(group, { execNs: atNs })
        this.#listener.changed(group)
        return
      case events.uid:
      case events.gid:
        if (pid === group) this.#listener.changed(group)
        return
      default:
        return
    }
  }

  #note(pid: number, what: Partial<Last>): void {
    const before = this.#last.get(pid) ?? { execNs: 0n, forkNs: 0n, forkedBy: 0 }
    this.#last.delete(pid)
    this.#last.set(pid, { ...before, ...what })
    if (this.#last.size <= limits.processes) return
    for (const [oldest, last] of this.#last) {
      this.#last.delete(oldest)
      for (const atNs of [last.execNs, last.forkNs])
        if (atNs > this.#completeSinceNs) this.#completeSinceNs = atNs
      return
    }
  }

  #forgetEverything(): void {
    this.#last.clear()
    this.#completeSinceNs = process.hrtime.bigint()
    this.#listener.lost()
  }
}

function subscribe(): number {
  const fd = openNetlink(NETLINK_CONNECTOR)
  try {
    bindNetlink(fd, CN_IDX_PROC)
    setReceiveBuffer(fd, limits.receiveBufferBytes)
    const request = Buffer.alloc(messageBytes)
    request.writeUInt32LE(messageBytes, 0)
    request.writeUInt16LE(3, 4)
    request.writeUInt32LE(CN_IDX_PROC, 16)
    request.writeUInt32LE(1, 20)
    request.writeUInt16LE(4, 32)
    request.writeUInt32LE(PROC_CN_MCAST_LISTEN, 36)
    sendMessage(fd, request)
    return fd
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
}
