/**
 * The recent commits of a store, from which watchers are served. Kept for minutes and within a
 * number of bytes; a watcher that asks for older ones is told {@link Compacted}.
 */

import { type ChangeSet, Compacted, type RecordChange, type Revision } from './datastore.ts'

export interface LoggedCommit extends ChangeSet {
  readonly time: Date
}

export interface ChangeLogLimits {
  readonly keepMs: number
  readonly keepBytes: number
}

export class ChangeLog {
  readonly #limits: ChangeLogLimits
  readonly #waiting = new Set<() => void>()
  /** Contiguous; the last is the store's revision. */
  readonly #commits: LoggedCommit[] = []
  #bytes = 0
  #revision: Revision
  #closed = false

  constructor(revision: Revision, limits: ChangeLogLimits) {
    this.#revision = revision
    this.#limits = limits
  }

  /** The first revision that is still held; one above the store's when none is. */
  get oldest(): Revision {
    return this.#revision - this.#commits.length + 1
  }

  append(commit: LoggedCommit): void {
    this.#commits.push(commit)
    this.#bytes += bytesOf(commit)
    this.#revision = commit.revision
    this.#wake()
  }

  /** How many of the oldest commits are due to go at this instant: none, or many at once. */
  excess(now: Date): number {
    const horizon = now.getTime() - this.#limits.keepMs
    const isOld = (commit: LoggedCommit | undefined) =>
      commit !== undefined && commit.time.getTime() < horizon
    const worthIt = isOld(this.#commits[this.#commits.length >> 3])
    if (!worthIt && this.#bytes <= this.#limits.keepBytes) return 0
    const keepBytes = this.#limits.keepBytes * (7 / 8)
    let bytes = this.#bytes
    let count = 0
    for (const commit of this.#commits) {
      if (!isOld(commit) && bytes <= keepBytes) break
      bytes -= bytesOf(commit)
      count++
    }
    return count
  }

  /** Forgets the oldest commits. */
  drop(count: number): void {
    for (const commit of this.#commits.splice(0, count)) this.#bytes -= bytesOf(commit)
  }

  /** See `Datastore.watch`. */
  async *watch(
    prefix: Uint8Array,
    after: Revision,
    signal: AbortSignal,
  ): AsyncGenerator<ChangeSet, void> {
    const isOver = () => signal.aborted || this.#closed
    let seen = after
    while (!isOver()) {
      const commits = this.#after(seen)
      for (const [index, { revision, changes }] of commits.entries()) {
        seen = revision
        const matching = changes.filter(({ key }) => startsWith(key, prefix))
        const isLast = index === commits.length - 1
        if (matching.length > 0 || isLast) yield { revision, changes: matching }
        if (isOver()) return
      }
      if (commits.length === 0) await this.#grown(signal)
    }
  }

  /** Ends every watch. */
  close(): void {
    this.#closed = true
    this.#wake()
  }

  /** The next commits after a revision, a slice at a time. */
  #after(seen: Revision): readonly LoggedCommit[] {
    const from = seen + 1 - this.oldest
    if (from < 0 || seen > this.#revision) throw new Compacted(seen)
    return this.#commits.slice(from, from + 256)
  }

  #grown(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      signal.addEventListener('abort', done)
    })
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done()
  }
}

/** The stored form of a commit in the log. */
export function encodeCommit({ time, changes }: LoggedCommit): Buffer {
  const parts: Uint8Array[] = [u64(time.getTime())]
  for (const { key, value } of changes) {
    parts.push(u32(key.length), key, u32(value === undefined ? absent : value.length))
    if (value !== undefined) parts.push(value)
  }
  return Buffer.concat(parts)
}

/** Reads what {@link encodeCommit} wrote; throws RangeError on anything else. */
export function decodeCommit(revision: Revision, bytes: Uint8Array): LoggedCommit {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const time = new Date(Number(buffer.readBigUInt64BE(0)))
  const changes: RecordChange[] = []
  let at = 8
  const take = (length: number): Buffer => {
    if (at + length > buffer.length) throw new RangeError('a logged commit is cut short')
    at += length
    return buffer.subarray(at - length, at)
  }
  while (at < buffer.length) {
    const key = take(take(4).readUInt32BE())
    const length = take(4).readUInt32BE()
    changes.push({ key, value: length === absent ? undefined : take(length) })
  }
  return { revision, time, changes }
}

/** In place of a value's length: the record was deleted. */
const absent = 0xffffffff

function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function u64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  return key.length >= prefix.length && Buffer.compare(key.subarray(0, prefix.length), prefix) === 0
}

function bytesOf(commit: ChangeSet): number {
  return commit.changes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 64)
}
