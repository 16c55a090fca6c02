/**
 * The ordered record store that all state of the server is kept in (DESIGN.md section 4).
 *
 * Keys are bytes, ordered bytewise; a record is a key, a value and the revision that wrote it.
 * Revisions are one increasing integer in commit order. Backends are held to one contract,
 * `test/contracts/datastore.ts`; typed collections are written once on top.
 */

/** Names one commit; 0 is the store before its first. */
export type Revision = number

export interface StoredRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** The commit that last wrote it. */
  readonly revision: Revision
}

/**
 * One step of a commit. `expected` is the revision that the record must still have, 0 that there
 * must be no such record; without it the step is unconditional. `check` only compares.
 */
export type Operation =
  | {
      readonly kind: 'put'
      readonly key: Uint8Array
      readonly value: Uint8Array
      readonly expected?: Revision
    }
  | { readonly kind: 'delete'; readonly key: Uint8Array; readonly expected?: Revision }
  | { readonly kind: 'check'; readonly key: Uint8Array; readonly expected: Revision }

/** A conflict changed nothing: `key` was found at another revision than expected. */
export type CommitResult =
  | { readonly committed: true; readonly revision: Revision }
  | { readonly committed: false; readonly key: Uint8Array; readonly found: Revision }

/** The store at one revision. Valid only inside the `view` that it was given to. */
export interface Snapshot {
  readonly revision: Revision
  get(key: Uint8Array): Promise<StoredRecord | undefined>
  /** Records whose key starts with `prefix`, in key order. */
  list(prefix: Uint8Array, page?: Page): Promise<Listed>
}

export interface Page {
  /** Only keys greater than this one. */
  readonly after?: Uint8Array
  /** 1 to `datastoreLimits.pageRecords`, which is also the default. */
  readonly limit?: number
}

export interface Listed {
  readonly records: readonly StoredRecord[]
  /** Whether more records follow the last one. */
  readonly more: boolean
}

/**
 * What one commit did under a watched prefix. Without changes it says only that the watch has come
 * to this revision, and that nothing on the way there touched the prefix.
 */
export interface ChangeSet {
  readonly revision: Revision
  readonly changes: readonly RecordChange[]
}

/** Without a value the record was deleted. */
export interface RecordChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

export interface Datastore {
  /** Random name of this set of records: revisions of another store mean nothing here. */
  readonly id: string

  /** Runs `view` on one consistent snapshot. */
  read<T>(view: (snapshot: Snapshot) => Promise<T>): Promise<T>

  /**
   * All operations or none; answered once they are synced. No key may come twice, and the bytes
   * may not be changed afterwards. A rejected promise leaves open whether the commit happened.
   */
  commit(operations: readonly Operation[]): Promise<CommitResult>

  /**
   * Every commit after `after` that touched the prefix, oldest first, then those to come, until the
   * signal is aborted or the store is closed; the last revision is always told, with or without
   * changes. Once a change set has been seen, nothing at or below its revision appears. Throws {@link Compacted} when the change log does not reach back that far.
   */
  watch(prefix: Uint8Array, after: Revision, signal: AbortSignal): AsyncIterable<ChangeSet>

  /** Waits for commits under way; later calls are refused. Idempotent. */
  close(): Promise<void>
}

/** Bounds of every backend. */
export const datastoreLimits = {
  keyBytes: 4096,
  valueBytes: 4 << 20,
  operationsPerCommit: 10_000,
  pageRecords: 1000,
} as const

/** The changes after that revision are no longer kept: read everything again. */
export class Compacted extends Error {
  readonly code = 'ERR_DATASTORE_COMPACTED'
  readonly after: Revision

  constructor(after: Revision) {
    super(`the change log does not reach back to revision ${after}`)
    this.name = 'Compacted'
    this.after = after
  }
}
