/**
 * Which processes hold a socket: every `/proc/<pid>/fd` link that names its inode. Reads the whole
 * of /proc where it must, which takes milliseconds to a fraction of a second: in a worker thread
 * (`scan-worker.ts`), never on the main one.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import { failedWith } from '../../runtime/syscalls.ts'

/** One descriptor of one process. */
export interface Holder {
  readonly inode: number
  readonly pid: number
  readonly descriptor: number
}

/** All descriptors of all visible processes for these sockets. Those we may not read are left out. */
export function scanHolders(inodes: readonly number[]): Holder[] {
  const wanted = new Map(inodes.map((inode) => [linkTo(inode), inode]))
  return pids().flatMap((pid) =>
    descriptorsOf(pid).flatMap((descriptor) => {
      const inode = wanted.get(linkOf(pid, descriptor) ?? '')
      return inode === undefined ? [] : [{ inode, pid, descriptor }]
    }),
  )
}

/** The open descriptors of a process, in ascending order; none when it is gone or not readable. */
export function descriptorsOf(pid: number): number[] {
  try {
    return numeric(readdirSync(`/proc/${pid}/fd`))
  } catch (error) {
    if (failedWith(error, ...unreadable)) return []
    throw error
  }
}

/** Whether descriptor `descriptor` of process `pid` is the socket with this inode. */
export function holds(pid: number, descriptor: number, inode: number): boolean {
  return linkOf(pid, descriptor) === linkTo(inode)
}

// What a process that exits, or that we may not look into, answers with.
const unreadable = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'] as const

function linkOf(pid: number, descriptor: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`)
  } catch (error) {
    if (failedWith(error, ...unreadable)) return undefined
    throw error
  }
}

function linkTo(inode: number): string {
  return `socket:[${inode}]`
}

function pids(): number[] {
  return numeric(readdirSync('/proc'))
}

function numeric(names: readonly string[]): number[] {
  return names.filter((name) => /^\d+$/.test(name)).map(Number)
}
