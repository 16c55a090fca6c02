/**
 * A collection held in memory, for lookups that are hot: loaded once, then following `watch`. It
 * never polls, and never reads everything again unless it has fallen behind the change log.
 */

import { EventEmitter } from 'node:events'
import { Failure } from '../../../runtime/failure.ts'
import {
  Compacted,
  type Datastore,
  type Revision,
  type Snapshot,
  type StoredRecord,
} from '../datastore.ts'
import type { Collection } from './collection.ts'

/** One changed value; without `after` it is gone. */
export interface MirrorChange<T> {
  readonly before: T | undefined
  readonly after: T | undefined
}

export interface MirrorEvents<T> {
  /** The mirror has come to this revision through these changes. */
  change: [revision: Revision, changes: readonly MirrorChange<T>[]]
}

/** A value and the revision of its record. */
export interface Mirrored<T> {
  readonly value: T
  readonly revision: Revision
}

export interface MirrorDeps {
  readonly store: Datastore
  /** Called once if the mirror can follow no longer; what it holds is then stale. */
  readonly onFailure: (error: unknown) => void
}

interface Waiter {
  readonly revision: Revision
  /** Without a reason the revision has come. */
  end(reason: unknown): void
}

export class Mirror<T> {
  readonly events = new EventEmitter<MirrorEvents<T>>()
  readonly #collection: Collection<T>
  readonly #deps: MirrorDeps
  readonly #byId = new Map<string, Mirrored<T>>()
  readonly #ending = new AbortController()
  readonly #waiters = new Set<Waiter>()
  #revision: Revision = 0
  #following: Promise<void> = Promise.resolve()

  private constructor(collection: Collection<T>, deps: MirrorDeps) {
    this.#collection = collection
    this.#deps = deps
    this.events.setMaxListeners(0)
  }

  /** Loads the collection and starts to follow it. */
  static async open<T>(collection: Collection<T>, deps: MirrorDeps): Promise<Mirror<T>> {
    const mirror = new Mirror(collection, deps)
    await mirror.#load()
    mirror.#following = mirror.#follow()
    return mirror
  }

  /** The revision of the store that is held. */
  get revision(): Revision {
    return this.#revision
  }

  get size(): number {
    return this.#byId.size
  }

  get(...id: readonly string[]): T | undefined {
    return this.record(...id)?.value
  }

  record(...id: readonly string[]): Mirrored<T> | undefined {
    return this.#byId.get(nameOf(id))
  }

  *values(): Generator<T> {
    for (const { value } of this.#byId.values()) yield value
  }

  /**
   * Waits until the mirror holds what was committed up to this revision. Rejects when the signal is
   * aborted, or the mirror ended before that.
   */
  async reached(revision: Revision, signal: AbortSignal): Promise<void> {
    if (this.#revision >= revision) return
    signal.throwIfAborted()
    this.#ending.signal.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => waiter.end(signal.reason)
      const waiter: Waiter = {
        revision,
        end: (reason) => {
          this.#waiters.delete(waiter)
          signal.removeEventListener('abort', onAbort)
          if (reason === undefined) resolve()
          else reject(reason)
        },
      }
      this.#waiters.add(waiter)
      signal.addEventListener('abort', onAbort)
    })
  }

  async close(): Promise<void> {
    this.#end(new Failure('unavailable', 'the mirror is closed'))
    await this.#following
    this.events.removeAllListeners()
  }

  #end(reason: unknown): void {
    this.#ending.abort(reason)
    for (const waiter of this.#waiters) waiter.end(reason)
  }

  /** Takes the revision over, and tells of it: first to listeners, then to those who wait. */
  #advance(revision: Revision, changes: readonly MirrorChange<T>[]): void {
    this.#revision = revision
    if (changes.length > 0) this.events.emit('change', revision, changes)
    for (const waiter of this.#waiters) if (waiter.revision <= revision) waiter.end(undefined)
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending
    try {
      while (!signal.aborted) if (await this.#applyChanges(signal)) await this.#load()
    } catch (error) {
      return this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#end(error)
    this.#deps.onFailure(error)
  }

  /** Follows until the end, or until it has fallen behind the change log: then true. */
  async #applyChanges(signal: AbortSignal): Promise<boolean> {
    const { prefix } = this.#collection
    try {
      for await (const set of this.#deps.store.watch(prefix, this.#revision, signal)) {
        const changes = set.changes.map(({ key, value }) =>
          this.#apply(nameOf(this.#collection.idIn(key)), value, set.revision),
        )
        this.#advance(set.revision, changes)
      }
      this.#end(new Failure('unavailable', 'the datastore is closed'))
      return false
    } catch (error) {
      if (error instanceof Compacted) return true
      throw error
    }
  }

  #apply(name: string, bytes: Uint8Array | undefined, revision: Revision): MirrorChange<T> {
    const before = this.#byId.get(name)?.value
    const after = bytes === undefined ? undefined : this.#collection.codec.decode(bytes)
    if (after === undefined) this.#byId.delete(name)
    else this.#byId.set(name, { value: after, revision })
    return { before, after }
  }

  /** Reads everything, then takes over at once what is different from what was held. */
  async #load(): Promise<void> {
    await this.#deps.store.read(async (snapshot) => {
      const records = await allRecords(snapshot, this.#collection.prefix)
      const stale = new Set(this.#byId.keys())
      const changes: MirrorChange<T>[] = []
      for (const { key, value, revision } of records) {
        const name = nameOf(this.#collection.idIn(key))
        stale.delete(name)
        if (this.#byId.get(name)?.revision === revision) continue
        changes.push(this.#apply(name, value, revision))
      }
      for (const name of stale) changes.push(this.#apply(name, undefined, snapshot.revision))
      this.#advance(snapshot.revision, changes)
    })
  }
}

async function allRecords(snapshot: Snapshot, prefix: Uint8Array): Promise<StoredRecord[]> {
  const records: StoredRecord[] = []
  let page = await snapshot.list(prefix)
  for (;;) {
    records.push(...page.records)
    const last = page.records.at(-1)
    if (!page.more || last === undefined) return records
    page = await snapshot.list(prefix, { after: last.key })
  }
}

function nameOf(id: readonly string[]): string {
  return id.join('\0')
}
