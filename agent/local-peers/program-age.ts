/**
 * Whether a process ran the program that it runs now before a connection was made: rule A7 of
 * docs/local-peers.md, for identities that depend on the executable. A program that started later
 * may have inherited the connection from the one that ran before it.
 *
 * The close-on-exec flag of the descriptor says nothing here: Node sets it on all that it inherits.
 */
import type { Peer } from '../../runtime/peer-credentials.ts'
import { laterThreadStarts, statusOf, uptimeNs } from '../../runtime/proc.ts'
import { failedWith } from '../../runtime/syscalls.ts'
import type { ProcessEvents } from './process-events.ts'

/** What /proc counts time in: USER_HZ, 100 a second on every architecture. */
const tickNs = 10_000_000n

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

  /** Whether it is proved that the process has run this program since `sinceNs`. */
  isOlderThan(process: Peer, sinceNs: bigint): boolean {
    try {
      return this.#byEvents(process.pid, sinceNs) || this.#byThread(process.pid, sinceNs)
    } catch (error) {
      // The process or a thread ended while we looked: nothing is proved.
      if (failedWith(error, 'ENOENT', 'ESRCH')) return false
      throw error
    }
  }

  /** A process that is traced can be stopped after its exec and before the kernel tells of it. */
  #byEvents(pid: number, sinceNs: bigint): boolean {
    return statusOf(pid).tracerPid === 0 && this.#events.hasRunSince(pid, sinceNs)
  }

  /** An exec ends all threads but the one that stays: an older one proves that there was none. */
  #byThread(pid: number, sinceNs: bigint): boolean {
    if (sinceNs < this.#startedNs) return false
    const latest = sinceNs + this.#offsetNs
    return laterThreadStarts(pid).some((start) => (start + 1n) * tickNs <= latest)
  }
}
