/**
 * A collection held in memory, for lookups that are hot: loaded once, then following `watch`. It
 * never polls, and never reads everything again unless it has fallen behind the change log.
 */

import { EventEmitter, once } from 'node:events'
import { Compacted, type Datastore, type Revision, type Snapshot } from '../datastore.ts'
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

export class Mirror<T> {
  readonly events = new EventEmitter<MirrorEvents<T>>()
  readonly #collection: Collection<T>
  readonly #deps: MirrorDeps
  readonly #byId = new Map<string, Mirrored<T>>()
  readonly #ending = new AbortController()
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

  /** The last revision that changed something here, or at which everything was read. */
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

  /** Waits until the mirror holds what the commit of this revision did to its collection. */
  async reached(revision: Revision, signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#ending.signal])
    while (this.#revision < revision) await once(this.events, 'change', { signal: either })
  }

  async close(): Promise<void> {
    this.#ending.abort()
    await this.#following
    this.events.removeAllListeners()
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      try {
        await this.#applyChanges(signal)
        return
      } catch (error) {
        if (error instanceof Compacted) await this.#load()
        else return this.#deps.onFailure(error)
      }
    }
  }

  async #applyChanges(signal: AbortSignal): Promise<void> {
    const { prefix } = this.#collection
    for await (const set of this.#deps.store.watch(prefix, this.#revision, signal)) {
      const changes = set.changes.map(({ key, value }) =>
        this.#apply(nameOf(this.#collection.idIn(key)), value, set.revision),
      )
      this.#revision = set.revision
      this.events.emit('change', set.revision, changes)
    }
  }

  #apply(name: string, bytes: Uint8Array | undefined, revision: Revision): MirrorChange<T> {
    const before = this.#byId.get(name)?.value
    const after = bytes === undefined ? undefined : this.#collection.codec.decode(bytes)
    if (after === undefined) this.#byId.delete(name)
    else this.#byId.set(name, { value: after, revision })
    return { before, after }
  }

  /** Reads everything, and tells what is different from what was held. */
  async #load(): Promise<void> {
    await this.#deps.store.read(async (snapshot) => {
      const stale = new Set(this.#byId.keys())
      const changes: MirrorChange<T>[] = []
      for await (const { name, value, revision } of this.#records(snapshot)) {
        stale.delete(name)
        if (this.#byId.get(name)?.revision === revision) continue
        changes.push(this.#apply(name, value, revision))
      }
      for (const name of stale) changes.push(this.#apply(name, undefined, snapshot.revision))
      this.#revision = snapshot.revision
      this.events.emit('change', snapshot.revision, changes)
    })
  }

  async *#records(
    snapshot: Snapshot,
  ): AsyncGenerator<{ name: string; value: Uint8Array; revision: Revision }> {
    const { prefix } = this.#collection
    let page = await snapshot.list(prefix)
    for (;;) {
      for (const { key, value, revision } of page.records) {
        yield { name: nameOf(this.#collection.idIn(key)), value, revision }
      }
      const last = page.records.at(-1)
      if (!page.more || last === undefined) return
      page = await snapshot.list(prefix, { after: last.key })
    }
  }
}

function nameOf(id: readonly string[]): string {
  return id.join('\0')
}
