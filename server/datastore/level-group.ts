/** A group of commits on their way to the disk: each sees what those before it in the group did. */

import { encodeCommit, type LoggedCommit } from './change-log.ts'
import { keyName } from './check-operations.ts'
import type { CommitResult, Operation, RecordChange, Revision } from './datastore.ts'
import { addToSum, revisionIn, seal, summand } from './envelope.ts'
import { dataKey, encodeHead, type Head, headKey, logKey } from './level-layout.ts'

export type BatchStep =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

export class GroupDraft {
  readonly commits: LoggedCommit[] = []
  readonly #steps: BatchStep[] = []
  readonly #now: Date
  /** Sealed values as they would be after the commits so far. */
  readonly #stored: Map<string, Uint8Array>
  #head: Head

  constructor(head: Head, now: Date, stored: Map<string, Uint8Array>) {
    this.#head = head
    this.#now = now
    this.#stored = stored
  }

  /** Adds one commit, or finds its first conflict. */
  add(operations: readonly Operation[]): CommitResult {
    for (const { key, expected } of operations) {
      const found = this.#revisionOf(key)
      if (expected !== undefined && expected !== found) return { committed: false, key, found }
    }
    const revision = this.#head.revision + 1
    const changes = operations.flatMap((operation) => this.#apply(operation, revision))
    const commit = { revision, time: this.#now, changes }
    const key = logKey(revision)
    this.#steps.push({ type: 'put', key, value: seal(key, revision, encodeCommit(commit)) })
    this.commits.push(commit)
    this.#head = { ...this.#head, revision }
    return { committed: true, revision }
  }

  /** The batch for the whole group, which also drops the oldest commits of the change log. */
  finish(dropped: number): { steps: BatchStep[]; head: Head } {
    const oldest = this.#head.oldest + dropped
    const head = { ...this.#head, oldest }
    for (let revision = this.#head.oldest; revision < oldest; revision++) {
      this.#steps.push({ type: 'del', key: logKey(revision) })
    }
    const value = seal(headKey, head.revision, encodeHead(head))
    return { steps: [...this.#steps, { type: 'put', key: headKey, value }], head }
  }

  #revisionOf(key: Uint8Array): Revision {
    const stored = this.#stored.get(keyName(key))
    return stored === undefined ? 0 : revisionIn(stored)
  }

  #apply(operation: Operation, revision: Revision): RecordChange[] {
    const { key } = operation
    const name = keyName(key)
    const before = this.#stored.get(name)
    if (operation.kind === 'check' || (operation.kind === 'delete' && before === undefined)) {
      return []
    }
    if (operation.kind === 'delete') {
      this.#stored.delete(name)
      this.#count(before, undefined)
      this.#steps.push({ type: 'del', key: dataKey(key) })
      return [{ key, value: undefined }]
    }
    const stored = dataKey(key)
    const value = seal(stored, revision, operation.value)
    this.#stored.set(name, value)
    this.#count(before, value)
    this.#steps.push({ type: 'put', key: stored, value })
    return [{ key, value: operation.value }]
  }

  #count(before: Uint8Array | undefined, after: Uint8Array | undefined): void {
    const { records, sum } = this.#head
    const change = (after ? summand(after) : 0n) - (before ? summand(before) : 0n)
    this.#head = {
      ...this.#head,
      records: records + (after ? 1 : 0) - (before ? 1 : 0),
      sum: addToSum(sum, change),
    }
  }
}
