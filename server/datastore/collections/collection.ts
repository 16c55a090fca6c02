/** Records of one type under one prefix: the key layout and codec that each kind of record has. */

import type { Listed, Page, StoredRecord } from '../datastore.ts'
import type { Codec } from './json-codec.ts'
import { keySegments, recordKey } from './record-key.ts'
import type { Transaction } from './transaction.ts'

/** A snapshot or a transaction. */
export interface ReadsLists {
  list(prefix: Uint8Array, page?: Page): Promise<Listed>
}

/** A snapshot or a transaction. */
export interface ReadsKeys {
  get(key: Uint8Array): Promise<StoredRecord | Uint8Array | undefined>
}

/** The value in what either kind of reader answers. */
export function bytesOf(found: StoredRecord | Uint8Array): Uint8Array {
  return found instanceof Uint8Array ? found : found.value
}

export interface CollectionSpec<T> {
  /** First key segment, and what change records call an object of this kind. */
  readonly name: string
  readonly codec: Codec<T>
  /** The other key segments. */
  readonly idOf: (value: T) => readonly string[]
}

/** One page of a collection. */
export interface ValuePage<T> {
  readonly values: readonly T[]
  /** Where the next page starts, when there is one. */
  readonly next: readonly string[] | undefined
}

export class Collection<T> {
  readonly name: string
  readonly prefix: Uint8Array
  readonly codec: Codec<T>
  readonly idOf: (value: T) => readonly string[]

  constructor(spec: CollectionSpec<T>) {
    this.name = spec.name
    this.prefix = recordKey(spec.name)
    this.codec = spec.codec
    this.idOf = spec.idOf
  }

  key(...id: readonly string[]): Uint8Array {
    return recordKey(this.name, ...id)
  }

  /** The id in one of this collection's keys. */
  idIn(key: Uint8Array): readonly string[] {
    return keySegments(key).slice(1)
  }

  async get(reader: ReadsKeys, ...id: readonly string[]): Promise<T | undefined> {
    const found = await reader.get(this.key(...id))
    if (found === undefined) return undefined
    return this.codec.decode(bytesOf(found))
  }

  /** Values in key order whose id starts with `under`, a page at a time. */
  async list(
    reader: ReadsLists,
    page: { after?: readonly string[] | undefined; limit?: number; under?: readonly string[] } = {},
  ): Promise<ValuePage<T>> {
    const { records, more } = await reader.list(this.key(...(page.under ?? [])), {
      ...(page.after === undefined ? {} : { after: this.key(...page.after) }),
      ...(page.limit === undefined ? {} : { limit: page.limit }),
    })
    const last = records.at(-1)
    return {
      values: records.map(({ value }) => this.codec.decode(value)),
      next: more && last !== undefined ? this.idIn(last.key) : undefined,
    }
  }

  /** Writes the value over the one with its id, if any. */
  async put(transaction: Transaction, value: T): Promise<void> {
    const id = this.idOf(value)
    const key = this.key(...id)
    await transaction.get(key)
    transaction.put(key, this.codec.encode(value), { kind: this.name, id: id.join(' ') })
  }

  /** Removes the value with this id; tells whether there was one. */
  async remove(transaction: Transaction, ...id: readonly string[]): Promise<boolean> {
    const key = this.key(...id)
    if ((await transaction.get(key)) === undefined) return false
    transaction.delete(key, { kind: this.name, id: id.join(' ') })
    return true
  }
}
