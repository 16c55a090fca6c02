/**
 * What the agent can find out about other processes, by the privileges that it was started with:
 * docs/local-peers.md has the table.
 */
import { readFileSync } from 'node:fs'
import { ownCapabilities } from '../../runtime/proc.ts'
import { failedWith } from '../../runtime/syscalls.ts'

export interface Capabilities {
  /** Whether processes of every user can be identified; else only those of the agent's own user. */
  readonly everyUser: boolean
  /** Whether sockets are compared by their cookies; else by inode numbers, which can come again. */
  readonly socketCookies: boolean
  /**
   * Whether the kernel tells of each exec at once; else every process is looked at once a second,
   * and identities of path or hash are given to processes whose age shows otherwise only.
   */
  readonly processEvents: boolean
}

const CAP_DAC_READ_SEARCH = 2n
const CAP_SYS_PTRACE = 19n

export function capabilitiesOfThisProcess(processEvents: boolean): Capabilities {
  const mask = ownCapabilities()
  const has = (capability: bigint): boolean => ((mask >> capability) & 1n) === 1n
  const everyUser = has(CAP_SYS_PTRACE) && has(CAP_DAC_READ_SEARCH)
  return { everyUser, processEvents, socketCookies: has(CAP_SYS_PTRACE) || !isYamaOn() }
}

/** Yama lets an ordinary process look into its descendants only. */
function isYamaOn(): boolean {
  try {
    return readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim() !== '0'
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return false
    throw error
  }
}
