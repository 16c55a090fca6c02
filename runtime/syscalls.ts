/**
 * The system calls Node has no API for: socket options, pidfds and netlink sockets. The only file
 * that loads koffi. Linux only; each thread that imports it has its own handle.
 *
 * Descriptors made here are plain integers that nobody collects: whoever asks for one closes it
 * (`closeDescriptor`) in a `finally`.
 */
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import koffi from 'koffi'

/** Of two names for one number the first by alphabet: EAGAIN, not EWOULDBLOCK. */
const errorNames = new Map(
  Object.entries(constants.errno)
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([name, errno]) => [errno, name]),
)

/** A system call that failed. `code` is the kernel's name for the error, such as `EPERM`. */
export class SystemCallError extends Error {
  readonly code: string
  readonly call: string

  constructor(call: string, errno: number) {
    const code = errorNames.get(errno) ?? `E${errno}`
    super(`${call} failed with ${code}`)
    this.name = 'SystemCallError'
    this.code = code
    this.call = call
  }
}

/** Whether `error` is a failed system call (ours or one made by Node) with one of these codes. */
export function failedWith(error: unknown, ...codes: readonly string[]): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return typeof error.code === 'string' && codes.includes(error.code)
}

type Pointer = Uint8Array | Uint32Array

const libc = koffi.load(null)
const getsockopt: (
  fd: number,
  level: number,
  name: number,
  value: Pointer,
  bytes: Pointer,
) => number = libc.func('int getsockopt(int, int, int, void *, void *)')
const getsockname: (fd: number, address: Pointer, bytes: Pointer) => number = libc.func(
  'int getsockname(int, void *, void *)',
)
const getpeername: (fd: number, address: Pointer, bytes: Pointer) => number = libc.func(
  'int getpeername(int, void *, void *)',
)
const poll: (entries: Pointer, count: number, timeoutMs: number) => number = libc.func(
  'int poll(void *, unsigned long, int)',
)
const socket: (family: number, type: number, protocol: number) => number = libc.func(
  'int socket(int, int, int)',
)
const bind: (fd: number, address: Pointer, bytes: number) => number = libc.func(
  'int bind(int, void *, uint32_t)',
)
const setsockopt: (
  fd: number,
  level: number,
  name: number,
  value: Pointer,
  bytes: number,
) => number = libc.func('int setsockopt(int, int, int, void *, uint32_t)')
const send: (fd: number, bytes: Pointer, count: number, flags: number) => number = libc.func(
  'int64_t send(int, void *, size_t, int)',
)
const recv: (fd: number, into: Pointer, count: number, flags: number) => number = libc.func(
  'int64_t recv(int, void *, size_t, int)',
)
const flock: (fd: number, operation: number) => number = libc.func('int flock(int, int)')
const setitimer: (which: number, next: Pointer, before: null) => number = libc.func(
  'int setitimer(int, void *, void *)',
)
const statx: (folder: number, path: string, flags: number, mask: number, into: Pointer) => number =
  libc.func('int statx(int, str, int, uint32_t, void *)')
// Newer than some C libraries, and numbered alike on every architecture since Linux 5.1.
const syscall: (number: number, a: number, b: number, c: number) => number = libc.func(
  'long syscall(long, long, long, long)',
)
const SYS_PIDFD_OPEN = 434
const SYS_PIDFD_GETFD = 438

/** Throws what the last call of this thread failed with: to be asked right after that call. */
function checked(call: string, result: number): number {
  if (result < 0) throw new SystemCallError(call, koffi.errno())
  return result
}

const optionBytes = new Uint32Array(1)

/** Fills `value` with a socket option; returns how many bytes the kernel wrote. */
export function socketOption(fd: number, level: number, name: number, value: Uint8Array): number {
  optionBytes[0] = value.byteLength
  checked('getsockopt', getsockopt(fd, level, name, value, optionBytes))
  return optionBytes[0]
}

const nameBytes = new Uint32Array(1)

/** Fills `address` with the socket address of the own end. */
export function socketName(fd: number, address: Uint8Array): void {
  nameBytes[0] = address.byteLength
  checked('getsockname', getsockname(fd, address, nameBytes))
}

/** Fills `address` with the socket address of the other end. Throws `ENOTCONN` without one. */
export function peerName(fd: number, address: Uint8Array): void {
  nameBytes[0] = address.byteLength
  checked('getpeername', getpeername(fd, address, nameBytes))
}

/** A pidfd of the process that has this pid now. Throws `ESRCH` if none has. */
export function openPidfd(pid: number): number {
  return checked('pidfd_open', syscall(SYS_PIDFD_OPEN, pid, 0, 0))
}

/**
 * Calls `use` with a duplicate of descriptor `fd` of another process, and closes it again. Keep it
 * short: meanwhile the open file is alive, whatever its owner does. Main thread only.
 */
export function withDuplicate<T>(pidfd: number, fd: number, use: (duplicate: number) => T): T {
  const duplicate = checked('pidfd_getfd', syscall(SYS_PIDFD_GETFD, pidfd, fd, 0))
  try {
    return use(duplicate)
  } finally {
    closeWithoutLingering(duplicate)
  }
}

/** How long a close may wait. */
const lingerLimitMicroseconds = 5_000n
const ITIMER_REAL = 0
const closeTimer = Buffer.alloc(32)
const noTimer = Buffer.alloc(32)
let isAlarmHandled = false

/**
 * A socket with SO_LINGER makes its last close wait for the data to be taken, for as long as its
 * owner has set; ours is the last one if the owner closes in between. A signal ends the wait.
 */
function closeWithoutLingering(fd: number): void {
  if (!isAlarmHandled) {
    process.on('SIGALRM', () => undefined)
    closeTimer.writeBigInt64LE(lingerLimitMicroseconds, 24)
    isAlarmHandled = true
  }
  checked('setitimer', setitimer(ITIMER_REAL, closeTimer, null))
  try {
    closeSync(fd)
  } finally {
    checked('setitimer', setitimer(ITIMER_REAL, noTimer, null))
  }
}

const AT_FDCWD = -100
const AT_STATX_DONT_SYNC = 0x4000
const STATX_INO = 0x100
const statxBuffer = Buffer.alloc(256)

/**
 * Device and inode of the file that `path` leads to, numbered as `fs.stat` numbers them. Asks no
 * remote or user-space file system, and so cannot be made to wait by one.
 */
export function fileIdentity(path: string): { device: bigint; inode: bigint } {
  checked('statx', statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO, statxBuffer))
  const major = BigInt(statxBuffer.readUInt32LE(136))
  const minor = BigInt(statxBuffer.readUInt32LE(140))
  const high = ((major >> 12n) << 44n) | ((minor >> 8n) << 20n)
  const device = high | ((major & 0xfffn) << 8n) | (minor & 0xffn)
  return { device, inode: statxBuffer.readBigUInt64LE(32) }
}

const POLLIN = 1
const pollEntry = new Uint8Array(8)
const pollView = new DataView(pollEntry.buffer)

/** Whether a read would return at once. A pidfd is readable once its process has exited. */
export function isReadable(fd: number): boolean {
  pollView.setInt32(0, fd, true)
  pollView.setInt16(4, POLLIN, true)
  pollView.setInt16(6, 0, true)
  checked('poll', poll(pollEntry, 1, 0))
  return pollView.getInt16(6, true) !== 0
}

/**
 * Calls `whenReadable` from the event loop each time `fd` is readable, until the returned function
 * is called. Does not keep the process running. Stop it before the descriptor is closed.
 */
export function watchReadable(fd: number, whenReadable: () => void): () => void {
  const watch = koffi.node.poll(fd, { readable: true }, whenReadable)
  watch.unref()
  let isStopped = false
  return () => {
    if (isStopped) return
    isStopped = true
    watch.close()
  }
}

const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const SOCK_NONBLOCK = 0o4000
const SOL_SOCKET = 1
const SO_RCVBUF = 8

/** A netlink socket that never blocks, of the network namespace the process is in now. */
export function openNetlink(protocol: number): number {
  return checked('socket', socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol))
}

/** Joins the multicast groups of the bit mask `groups`; the kernel chooses the port. */
export function bindNetlink(fd: number, groups: number): void {
  const address = new Uint8Array(12)
  const view = new DataView(address.buffer)
  view.setUint16(0, AF_NETLINK, true)
  view.setUint32(8, groups, true)
  checked('bind', bind(fd, address, address.byteLength))
}

/** Asks for a receive buffer of this size; the kernel caps it at `net.core.rmem_max`. */
export function setReceiveBuffer(fd: number, bytes: number): void {
  const value = Uint32Array.of(bytes)
  checked('setsockopt', setsockopt(fd, SOL_SOCKET, SO_RCVBUF, value, value.byteLength))
}

/** Sends one message. */
export function sendMessage(fd: number, message: Uint8Array): void {
  checked('send', send(fd, message, message.byteLength, 0))
}

const MSG_TRUNC = 0x20

/**
 * Receives one message into `buffer`. Returns its whole length, which is more than the buffer's if
 * the message was cut off. Throws `EAGAIN` when none is waiting, `ENOBUFS` when some were lost.
 */
export function receiveMessage(fd: number, buffer: Uint8Array): number {
  return checked('recv', recv(fd, buffer, buffer.byteLength, MSG_TRUNC))
}

const LOCK_EX = 2
const LOCK_NB = 4

/**
 * Takes the exclusive lock on an open file; false when somebody else has it. The kernel drops it
 * with the last descriptor of that opening, so also when the process is killed.
 */
export function tryLock(fd: number): boolean {
  try {
    checked('flock', flock(fd, LOCK_EX | LOCK_NB))
    return true
  } catch (error) {
    if (failedWith(error, 'EAGAIN')) return false
    throw error
  }
}

/** Closes a descriptor that this file made. */
export function closeDescriptor(fd: number): void {
  closeSync(fd)
}
