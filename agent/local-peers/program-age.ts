/**
 * Whether a process ran the program that it runs now before a connection was made: rule A7 of
 * docs/local-peers.md, for identities that depend on the executable. A program that started later
 * may have inherited the connection from the one that ran before it.
 *
 * The close-on-exec flag of the descriptor says nothing here: Node sets it on all that it inherits.
 */
import { pause } from '../../runtime/backoff.ts'
import type { Peer } from '../../runtime/peer-credentials.ts'
import { laterThreadStarts, statusOf, uptimeNs, waitsInSystemCall } from '../../runtime/proc.ts'
import { failedWith } from '../../runtime/syscalls.ts'
import type { ProcessEvents } from './process-events.ts'

/** What /proc counts time in: USER_HZ, 100 a second on every architecture. */
const tickNs = 10_000_000n

/**
 * The system calls that run another program, and those of 32-bit programs under the same numbers; on
 * other architectures nothing is proved by events.
 */
const x32 = 0x4000_0000
const execCalls: Readonly<Record<string, readonly number[]>> = {
  x64: [59, 322, 11, 358, x32 + 520, x32 + 545],
  arm64: [221, 281, 11, 387],
}

/** How long a process may stay busy before it is seen to wait for something. */
const limits = { settleMs: 1000, longestPauseMs: 16 } as const

export class ProgramAge {
  readonly #events: ProcessEvents
  readonly #startedNs = process.hrtime.bigint()
  /**
   * From CLOCK_MONOTONIC to time since boot, as it was at start: it only grows, when the machine
   * sleeps, and a value too small makes threads look younger than they are, never older.
   */
  readonly #offsetNs = uptimeNs() - process.hrtime.bigint()

  constructor(events: ProcessEvents) {
    this.#events = events
  }

  /**
   * Whether it is proved that the process has run since `sinceNs` the program that it was seen to
   * run before this was asked.
   */
  async isOlderThan({ pid }: Peer, sinceNs: bigint, signal: AbortSignal): Promise<boolean> {
    try {
      return this.#byThread(pid, sinceNs) || (await this.#byEvents(pid, sinceNs, signal))
    } catch (error) {
      // It ended while we looked, or may not be looked at so closely: nothing is proved.
      if (failedWith(error, 'ENOENT', 'ESRCH', 'EPERM', 'EACCES')) return false
      throw error
    }
  }

  /**
   * The kernel tells of an exec some time after the new program can be seen, and the process may lose
   * its processor in between: what it has told counts once the process is seen in another place. One
   * that is traced can be held there, and made to look as if it were elsewhere.
   */
  async #byEvents(pid: number, sinceNs: bigint, signal: AbortSignal): Promise<boolean> {
    if (!this.#events.isListening || statusOf(pid).tracerPid !== 0) return false
    if (!(await isPastExec(pid, signal)) || statusOf(pid).tracerPid !== 0) return false
    return this.#events.hasRunSince(pid, sinceNs)
  }

  /** An exec ends all threads but the one that stays: an older one proves that there was none. */
  #byThread(pid: number, sinceNs: bigint): boolean {
    if (sinceNs < this.#startedNs) return false
    const latest = sinceNs + this.#offsetNs
    return laterThreadStarts(pid).some((start) => (start + 1n) * tickNs <= latest)
  }
}

/** Waits until the process waits for something, and tells whether that is anything but an exec. */
async function isPastExec(pid: number, signal: AbortSignal): Promise<boolean> {
  const execs = execCalls[process.arch]
  if (execs === undefined) return false
  const giveUp = performance.now() + limits.settleMs
  for (let waitMs = 1; performance.now() < giveUp; waitMs = longer(waitMs)) {
    const call = waitsInSystemCall(pid)
    if (call !== undefined && !execs.includes(call)) return true
    await pause(waitMs, signal)
    signal.throwIfAborted()
  }
  return false
}

function longer(waitMs: number): number {
  return Math.min(waitMs * 2, limits.longestPauseMs)
}
