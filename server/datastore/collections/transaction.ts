/**
 * A change of several records that holds only if nothing it read has changed meanwhile.
 *
 * What a transaction reads by key, found or not, is checked again by the commit; lists are not, so
 * uniqueness is a key of its own. Every transaction has an actor, and its change record is written
 * with it.
 */

import type { Clock } from '../../../runtime/clock.ts'
import { Failure } from '../../../runtime/failure.ts'
import { keyName } from '../check-operations.ts'
import type { Datastore, Listed, Operation, Page, Revision, Snapshot } from '../datastore.ts'
import { type Actor, digestOf, recordOf } from './change-record.ts'

/** Commits lost to concurrent changes before a transaction gives up. */
const maxAttempts = 100

export interface TransactionDeps {
  readonly store: Datastore
  readonly clock: Clock
}

/** What a transaction returned, and the revision at which that holds. */
export interface Transacted<T> {
  readonly result: T
  readonly revision: Revision
}

/**
 * Runs `body` and commits what it wrote; runs it again when something it read has changed. So
 * `body` may have no effect but on its transaction. A body that writes nothing commits nothing.
 */
export async function transact<T>(
  deps: TransactionDeps,
  actor: Actor,
  body: (transaction: Transaction) => Promise<T>,
): Promise<Transacted<T>> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const { result, transaction, revision } = await deps.store.read(async (snapshot) => {
      const transaction = new Transaction(snapshot, actor, deps.clock.now())
      return { result: await body(transaction), transaction, revision: snapshot.revision }
    })
    const operations = transaction.operations()
    if (operations.length === 0) return { result, revision }
    const outcome = await deps.store.commit(operations)
    if (outcome.committed) return { result, revision: outcome.revision }
  }
  throw new Failure('unavailable', `gave up after ${maxAttempts} conflicts with concurrent changes`)
}

interface ReadKey {
  readonly key: Uint8Array
  readonly revision: Revision
  readonly value: Uint8Array | undefined
}

interface Write {
  readonly key: Uint8Array
  /** Undefined deletes. */
  readonly value: Uint8Array | undefined
  /** What the change record calls it; undefined for index keys. */
  readonly object: { readonly kind: string; readonly id: string } | undefined
}

/** Reads and writes of one attempt; made by {@link transact}. */
export class Transaction {
  readonly actor: Actor
  /** The instant of this attempt. */
  readonly now: Date
  readonly #snapshot: Snapshot
  readonly #reads = new Map<string, ReadKey>()
  readonly #writes = new Map<string, Write>()

  constructor(snapshot: Snapshot, actor: Actor, now: Date) {
    this.#snapshot = snapshot
    this.actor = actor
    this.now = now
  }

  /** The value under the key, as this transaction would leave it. */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const name = keyName(key)
    const written = this.#writes.get(name)
    if (written !== undefined) return written.value
    const known = this.#reads.get(name)
    if (known !== undefined) return known.value
    const found = await this.#snapshot.get(key)
    this.#reads.set(name, { key, revision: found?.revision ?? 0, value: found?.value })
    return found?.value
  }

  /** Records under a prefix before this transaction's own writes; not checked by the commit. */
  list(prefix: Uint8Array, page?: Page): Promise<Listed> {
    return this.#snapshot.list(prefix, page)
  }

  /** Writes a record; with `object` it is named in the change record, so read it first. */
  put(key: Uint8Array, value: Uint8Array, object?: { kind: string; id: string }): void {
    this.#writes.set(keyName(key), { key, value, object })
  }

  delete(key: Uint8Array, object?: { kind: string; id: string }): void {
    this.#writes.set(keyName(key), { key, value: undefined, object })
  }

  /** The commit that this transaction comes to; none when it wrote nothing. */
  operations(): Operation[] {
    if (this.#writes.size === 0) return []
    const operations = [...this.#writes].map(([name, write]) => this.#operationOf(name, write))
    for (const [name, { key, revision }] of this.#reads) {
      if (!this.#writes.has(name)) operations.push({ kind: 'check', key, expected: revision })
    }
    const changes = [...this.#writes].flatMap(([name, { value, object }]) => {
      if (object === undefined) return []
      const before = this.#reads.get(name)?.value
      return [{ ...object, before: before && digestOf(before), after: value && digestOf(value) }]
    })
    if (changes.length > 0) {
      operations.push(recordOf({ time: this.now, actor: this.actor, changes }))
    }
    return operations
  }

  #operationOf(name: string, { key, value }: Write): Operation {
    const read = this.#reads.get(name)
    const expectation = read === undefined ? {} : { expected: read.revision }
    return value === undefined
      ? { kind: 'delete', key, ...expectation }
      : { kind: 'put', key, value, ...expectation }
  }
}
