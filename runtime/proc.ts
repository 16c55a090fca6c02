/**
 * What /proc tells about one process: when it started, which program it runs now, and as whom.
 * proc(5) has the formats. Everything here throws when the process is gone or may not be read.
 *
 * A pid alone names nobody for long: hold a pidfd of the process, and look that it is still alive
 * after reading, else what was read may belong to a process that was given the same pid.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { fileIdentity } from './syscalls.ts'

/** The largest file of /proc that is read: a status with some 5,000 supplementary groups. */
const limits = { fileBytes: 64 * 1024 } as const

/** One kind of id of a process, as the kernel keeps it four times. */
export interface Ids {
  readonly real: number
  readonly effective: number
  readonly saved: number
  /** Who the process is where files are concerned; follows the effective id unless set apart. */
  readonly file: number
}

/** `/proc/<pid>/status`, as far as it says who the process is. */
export interface ProcessStatus {
  readonly uids: Ids
  readonly gids: Ids
  /** Supplementary groups in the kernel's order. */
  readonly groups: readonly number[]
  /** The process that traces it, and so can make it do anything; 0 is none. */
  readonly tracerPid: number
}

/**
 * One program run by one process as one user: no two of these are equal by chance, and an exec, a
 * change of user, or another process under the same pid makes it a different one.
 */
export interface Fingerprint extends Omit<ProcessStatus, 'tracerPid'> {
  /** Clock ticks from boot to the start of the process: stat field 22. */
  readonly startTime: string
  /** Where exec laid out code, stack and arguments: stat fields 26, 28, 48 and 49. */
  readonly image: string
  /** The file that runs, not the path it was started by. */
  readonly executable: { readonly device: bigint; readonly inode: bigint }
  /** All of the above in one text, for comparing. */
  readonly text: string
}

/** Reads `/proc/<pid>/status`. */
export function statusOf(pid: number): ProcessStatus {
  return parseStatus(readProcFile(`/proc/${pid}/status`))
}

/** Reads what identifies the program that `pid` runs at this moment. */
export function fingerprintOf(pid: number): Fingerprint {
  const { startTime, image } = parseStat(readProcFile(`/proc/${pid}/stat`))
  const { uids, gids, groups } = statusOf(pid)
  const { device, inode } = fileIdentity(`/proc/${pid}/exe`)
  const ids = [uids, gids].flatMap((of) => [of.real, of.effective, of.saved, of.file])
  const text = `${startTime} ${image} ${device}:${inode} ${ids.join(' ')} [${groups.join(' ')}]`
  return { startTime, image, uids, gids, groups, executable: { device, inode }, text }
}

/**
 * When each thread of a process but the first one started, in clock ticks since boot. An exec ends
 * all of these; the first thread stays, with the time it had.
 */
export function laterThreadStarts(pid: number): bigint[] {
  return readdirSync(`/proc/${pid}/task`)
    .filter((thread) => thread !== String(pid))
    .map((thread) => BigInt(parseStat(readProcFile(`/proc/${pid}/task/${thread}/stat`)).startTime))
}

/**
 * The number of the system call that the first thread of a process waits in: -1 when it waits outside
 * of one, undefined while it runs or is ready to. Takes the right to trace the process.
 */
export function waitsInSystemCall(pid: number): number | undefined {
  const text = readProcFile(`/proc/${pid}/syscall`).trimEnd()
  if (text === 'running') return undefined
  return number(text.split(' ', 1)[0] ?? '')
}

/** The effective capabilities of this process, one bit each: capabilities(7). */
export function ownCapabilities(): bigint {
  const mask = field(readProcFile('/proc/self/status'), 'CapEff')
  if (!/^[0-9a-f]{16}$/.test(mask)) throw malformed('a capability mask', mask)
  return BigInt(`0x${mask}`)
}

/** Nanoseconds since boot, sleep included, rounded down to a hundredth of a second. */
export function uptimeNs(): bigint {
  const [seconds, hundredths] = /^(\d+)\.(\d\d) /.exec(readProcFile('/proc/uptime'))?.slice(1) ?? []
  if (seconds === undefined || hundredths === undefined) throw malformed('an uptime', undefined)
  return BigInt(seconds) * 1_000_000_000n + BigInt(hundredths) * 10_000_000n
}

/** The pid behind a pidfd of this process, in our pid namespace: -1 once it was reaped. */
export function pidOfPidfd(pidfd: number): number {
  return number(field(readProcFile(`/proc/self/fdinfo/${pidfd}`), 'Pid'))
}

/** Parses `/proc/<pid>/stat`. Exported for its test. */
export function parseStat(text: string): { startTime: string; image: string } {
  // Field 2 is a name that the process chose, in parentheses, and may itself hold `) `.
  const afterName = text
    .slice(text.lastIndexOf(')') + 2)
    .trimEnd()
    .split(' ')
  const at = (n: number): string => {
    const value = afterName[n - 3]
    if (value === undefined || !/^\d+$/.test(value)) throw malformed(`stat field ${n}`, value)
    return value
  }
  return { startTime: at(22), image: [at(26), at(28), at(48), at(49)].join(' ') }
}

/** Parses `/proc/<pid>/status`. Exported for its test. */
export function parseStatus(text: string): ProcessStatus {
  return {
    uids: ids(field(text, 'Uid')),
    gids: ids(field(text, 'Gid')),
    groups: numbers(field(text, 'Groups')),
    tracerPid: number(field(text, 'TracerPid')),
  }
}

function ids(text: string): Ids {
  const [real, effective, saved, file, ...rest] = numbers(text)
  if (real === undefined || effective === undefined || saved === undefined || file === undefined)
    throw malformed('four ids', text)
  if (rest.length > 0) throw malformed('four ids', text)
  return { real, effective, saved, file }
}

/** The value of a `Name:<tab>value` line. The name of the process is escaped and cannot forge one. */
function field(text: string, name: string): string {
  const start = text.startsWith(`${name}:`) ? 0 : text.indexOf(`\n${name}:`) + 1
  if (start === 0 && !text.startsWith(`${name}:`)) throw malformed(`a line ${name}`, undefined)
  const end = text.indexOf('\n', start)
  return text.slice(start + name.length + 1, end === -1 ? undefined : end).trim()
}

function numbers(text: string): number[] {
  return text === '' ? [] : text.split(/\s+/).map(number)
}

function number(text: string): number {
  if (!/^-?\d{1,10}$/.test(text)) throw malformed('a number', text)
  return Number(text)
}

function malformed(expected: string, found: string | undefined): Error {
  return new Error(`expected ${expected} in /proc, found ${JSON.stringify(found?.slice(0, 40))}`)
}

const buffer = Buffer.alloc(limits.fileBytes)

/** Reads a file of /proc whole. Several reads are the rule there: each returns what is ready. */
function readProcFile(path: string): string {
  const fd = openSync(path, 'r')
  try {
    let length = 0
    for (;;) {
      const read = readSync(fd, buffer, length, buffer.length - length, null)
      if (read === 0) return buffer.toString('latin1', 0, length)
      length += read
      if (length === buffer.length) throw new Error(`${path} is over ${limits.fileBytes} bytes`)
    }
  } finally {
    closeSync(fd)
  }
}
