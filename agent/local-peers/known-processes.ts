/**
 * The processes that have been at the other end of a connection, each held by pidfd and
 * fingerprint, watched from then on, and dropped when it ends or runs something else. Knowing one
 * since before a connection was made is what spares the search of /proc.
 *
 * Only the process is kept here; never which socket or tuple belongs to which process.
 */
import { type Peer, pinProcess } from '../../runtime/peer-credentials.ts'
import { watchReadable } from '../../runtime/syscalls.ts'

const limits = { idleProcesses: 1024, checkedPerTurn: 64 } as const

/** A process that is held. `release` it, once, when it is no longer needed. */
export class KnownProcess {
  readonly peer: Peer
  /** On CLOCK_MONOTONIC: it has run this program, as this user, at least since then. */
  readonly knownSinceNs: bigint
  /** The descriptor in which a connection was found last: the next one often takes its number. */
  lastDescriptor = 0
  readonly #endings = new Set<() => void>()
  #users = 0
  #isGone = false

  constructor(peer: Peer, knownSinceNs: bigint) {
    this.peer = peer
    this.knownSinceNs = knownSinceNs
  }

  get isInUse(): boolean {
    return this.#users > 0
  }

  get isGone(): boolean {
    return this.#isGone
  }

  use(): void {
    this.#users++
  }

  release(): void {
    this.#users--
    if (this.#isGone && this.#users === 0) this.peer.close()
  }

  /** Calls `ending` when the process is gone or changed, at once if it is; returns how to stop. */
  whenGone(ending: () => void): () => void {
    if (this.#isGone) ending()
    else this.#endings.add(ending)
    return () => this.#endings.delete(ending)
  }

  /** Final: the process has ended, or is not what it was. */
  end(): void {
    if (this.#isGone) return
    this.#isGone = true
    for (const ending of this.#endings) ending()
    this.#endings.clear()
    if (this.#users === 0) this.peer.close()
  }
}

export class KnownProcesses {
  /** By pid, the least recently used first. */
  readonly #known = new Map<number, { process: KnownProcess; stopWatching: () => void }>()

  /** Those that are known now, the most recently used first. */
  all(): KnownProcess[] {
    return [...this.#known.values()].map(({ process }) => process).reverse()
  }

  /** Holds the process that has this pid now. Throws when there is none, or we may not read it. */
  hold(pid: number): KnownProcess {
    const known = this.#known.get(pid)
    if (known?.process.peer.isUnchanged() === true) return this.touch(known.process)
    this.#drop(pid)
    const peer = pinProcess(pid)
    const process = new KnownProcess(peer, globalThis.process.hrtime.bigint())
    const stopWatching = watchReadable(peer.pidfd, () => this.#drop(pid))
    this.#known.set(pid, { process, stopWatching })
    process.use()
    this.#forgetIdle()
    return process
  }

  /** Holds one that is already known, and marks it as used last. */
  touch(process: KnownProcess): KnownProcess {
    const { pid } = process.peer
    const entry = this.#known.get(pid)
    if (entry?.process === process) {
      this.#known.delete(pid)
      this.#known.set(pid, entry)
    }
    process.use()
    return process
  }

  /** Looks again whether the process with this pid, if we know it, is what it was. */
  check(pid: number): void {
    if (this.#known.get(pid)?.process.peer.isUnchanged() === false) this.#drop(pid)
  }

  /** Looks again at every process, a few per turn of the event loop. */
  async checkAll(): Promise<void> {
    let count = 0
    for (const pid of [...this.#known.keys()]) {
      this.check(pid)
      if (++count % limits.checkedPerTurn === 0) await new Promise(setImmediate)
    }
  }

  close(): void {
    for (const pid of [...this.#known.keys()]) this.#drop(pid)
  }

  #drop(pid: number): void {
    const entry = this.#known.get(pid)
    if (entry === undefined) return
    this.#known.delete(pid)
    // Before `end`, which may close the pidfd.
    entry.stopWatching()
    entry.process.end()
  }

  #forgetIdle(): void {
    if (this.#known.size <= limits.idleProcesses) return
    for (const [pid, { process }] of this.#known) {
      if (process.isInUse) continue
      this.#drop(pid)
      return
    }
  }
}
