/**
 * The embedded datastore: LevelDB in a folder of its own, for one process.
 *
 * Acknowledged means synced: commits wait in a queue and go to disk a group at a time, one sync for
 * each group. The folder holds `level/` and the file `acknowledged`.
 */

import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { Level } from 'level'
import type { Clock } from '../../runtime/clock.ts'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import { ensurePrivateDirectory, hasCode } from '../../runtime/files.ts'
import { AcknowledgedFile } from './acknowledged.ts'
import { ChangeLog } from './change-log.ts'
import { checkOperations, keyName } from './check-operations.ts'
import type {
  ChangeSet,
  CommitResult,
  Datastore,
  Operation,
  Revision,
  Snapshot,
} from './datastore.ts'
import { seal } from './envelope.ts'
import { type CheckedStore, checkStore, damaged, type LevelDb } from './level-check.ts'
import { GroupDraft } from './level-group.ts'
import { dataKey, encodeHead, type Head, headKey } from './level-layout.ts'
import { levelSnapshot } from './level-snapshot.ts'
import { damagedTable } from './leveldb-tables.ts'

export interface LevelSettings {
  /** Folder of the store, made with mode 0700 when it is not there. */
  readonly path: string
  /** How long changes are kept for watchers. Default five minutes. */
  readonly changeLogMs?: number
  /** How many bytes of changes are kept at most. Default 64 MiB. */
  readonly changeLogBytes?: number
}

const limits = {
  /** Commits that may wait for the disk. */
  pendingCommits: 10_000,
  /** Operations in one group. */
  groupOperations: 10_000,
  /** Keys of a group that are read on the event loop. */
  keysReadInline: 16,
} as const

/**
 * Opens the store and checks all of it. Throws a Failure: `invalid-configuration` when the folder
 * is open to others, `unavailable` when another process has it open, `corrupt` when it is damaged.
 */
export async function openLevelDatastore(
  settings: LevelSettings,
  clock: Clock,
): Promise<Datastore> {
  const folder = path.resolve(settings.path)
  await ensurePrivateDirectory(folder)
  const acknowledged = new AcknowledgedFile(path.join(folder, 'acknowledged'))
  try {
    const db = await openDb(folder)
    const { head, log } = await checkedStore(db, folder, acknowledged)
    acknowledged.write(head.revision)
    const changeLog = new ChangeLog(head.oldest - 1, {
      keepMs: settings.changeLogMs ?? 5 * 60_000,
      keepBytes: settings.changeLogBytes ?? 64 << 20,
    })
    for (const commit of log) changeLog.append(commit)
    return new LevelDatastore({ folder, db, acknowledged, clock, log: changeLog }, head)
  } catch (error) {
    acknowledged.close()
    throw error
  }
}

async function openDb(folder: string): Promise<LevelDb> {
  const location = path.join(folder, 'level')
  // A Level opens itself as soon as it is made, so the tables are looked at before.
  const table = await damagedTable(location)
  if (table !== undefined) throw damaged(folder, `has a damaged file, ${table}`)
  const db: LevelDb = new Level(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    compression: false,
  })
  try {
    await db.open()
    return db
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    if (hasCode(cause, 'LEVEL_LOCKED'))
      throw new Failure('unavailable', `the datastore in ${folder} is open in another process`, {
        cause: error,
        hint: 'stop the other server, or give this one a data_dir of its own',
      })
    throw damaged(folder, `cannot be opened: ${reasonOf(cause)}`, error)
  }
}

/** What a whole store holds; closes one that is not. */
async function checkedStore(
  db: LevelDb,
  folder: string,
  acknowledged: AcknowledgedFile,
): Promise<CheckedStore> {
  try {
    return (await checkStore(db, folder, acknowledged.read())) ?? (await createStore(db))
  } catch (error) {
    await db.close()
    if (error instanceof Failure) throw error
    throw damaged(folder, `cannot be read: ${reasonOf(error)}`, error)
  }
}

async function createStore(db: LevelDb): Promise<CheckedStore> {
  const id = randomBytes(16).toString('hex')
  const head: Head = { id, revision: 0, oldest: 1, records: 0, sum: 0n }
  await db.put(headKey, seal(headKey, 0, encodeHead(head)), { sync: true })
  return { head, log: [] }
}

interface Parts {
  readonly folder: string
  readonly db: LevelDb
  readonly acknowledged: AcknowledgedFile
  readonly clock: Clock
  readonly log: ChangeLog
}

interface Pending {
  readonly operations: readonly Operation[]
  readonly resolve: (result: CommitResult) => void
  readonly reject: (error: unknown) => void
}

/** open -> closing (commits under way finish) -> closed; open -> failed after a failed write. */
class LevelDatastore implements Datastore {
  readonly id: string
  readonly #parts: Parts
  readonly #pending: Pending[] = []
  readonly #reads = new Set<Promise<unknown>>()
  #head: Head
  #writing: Promise<void> | undefined
  #failure: Failure | undefined
  #closed: Promise<void> | undefined

  constructor(parts: Parts, head: Head) {
    this.id = head.id
    this.#parts = parts
    this.#head = head
  }

  async read<T>(view: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    this.#requireOpen()
    const snapshot = levelSnapshot(this.#parts.db, this.#parts.folder)
    const reading = view(snapshot).finally(() => snapshot.close())
    this.#reads.add(reading)
    try {
      return await reading
    } finally {
      this.#reads.delete(reading)
    }
  }

  async commit(operations: readonly Operation[]): Promise<CommitResult> {
    this.#requireOpen()
    checkOperations(operations)
    if (this.#failure !== undefined) throw this.#failure
    if (this.#pending.length >= limits.pendingCommits)
      throw new Failure('resource-exhausted', 'too many commits wait for the disk')
    const answered = new Promise<CommitResult>((resolve, reject) => {
      this.#pending.push({ operations, resolve, reject })
    })
    this.#writing ??= this.#writeGroups()
    return await answered
  }

  watch(prefix: Uint8Array, after: Revision, signal: AbortSignal): AsyncIterable<ChangeSet> {
    this.#requireOpen()
    return this.#parts.log.watch(prefix, after, signal)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#parts.log.close()
    await this.#writing
    await Promise.allSettled(this.#reads)
    this.#parts.acknowledged.close()
    await this.#parts.db.close()
  }

  #requireOpen(): void {
    if (this.#closed !== undefined) throw new Failure('unavailable', 'the datastore is closed')
  }

  /** Takes what has come to wait, a group at a time, until nothing waits. */
  async #writeGroups(): Promise<void> {
    await Promise.resolve()
    while (this.#pending.length > 0) {
      const group = this.#nextGroup()
      try {
        await this.#writeGroup(group)
      } catch (error) {
        this.#writing = undefined
        return this.#fail(error, [...group, ...this.#pending.splice(0)])
      }
    }
    this.#writing = undefined
  }

  #nextGroup(): Pending[] {
    let operations = 0
    const end = this.#pending.findIndex((pending, index) => {
      operations += pending.operations.length
      return index > 0 && operations > limits.groupOperations
    })
    return this.#pending.splice(0, end === -1 ? this.#pending.length : end)
  }

  async #writeGroup(group: readonly Pending[]): Promise<void> {
    const now = this.#parts.clock.now()
    const draft = new GroupDraft(this.#head, now, await this.#stored(group))
    const results = group.map(({ operations }) => draft.add(operations))
    if (draft.commits.length > 0) {
      const dropped = this.#parts.log.excess(now)
      const { steps, head } = draft.finish(dropped)
      await this.#parts.db.batch(steps, { sync: true })
      this.#parts.acknowledged.write(head.revision)
      this.#head = head
      this.#parts.log.drop(dropped)
      for (const commit of draft.commits) this.#parts.log.append(commit)
    }
    for (const [index, { resolve }] of group.entries()) {
      const result = results[index]
      if (result !== undefined) resolve(result)
    }
  }

  /** What is stored now under the keys that a group names. */
  async #stored(group: readonly Pending[]): Promise<Map<string, Uint8Array>> {
    const keys = new Map<string, Uint8Array>()
    for (const { operations } of group) {
      for (const { key } of operations) keys.set(keyName(key), dataKey(key))
    }
    const values = await this.#values([...keys.values()])
    const stored = new Map<string, Uint8Array>()
    for (const [index, name] of [...keys.keys()].entries()) {
      const value = values[index]
      if (value !== undefined) stored.set(name, value)
    }
    return stored
  }

  /** A few keys are read before the thread pool would have begun. */
  async #values(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    const { db } = this.#parts
    if (keys.length > limits.keysReadInline) return await db.getMany([...keys])
    return keys.map((key) => db.getSync(key))
  }

  /** After a failed write LevelDB's log may end in a torn record: nothing may follow it. */
  #fail(error: unknown, waiting: readonly Pending[]): void {
    this.#failure = new Failure(
      'unavailable',
      `the datastore in ${this.#parts.folder} could not write, and takes no more changes`,
      { cause: error, hint: 'see that its disk has room and is sound, then restart the server' },
    )
    for (const { reject } of waiting) reject(this.#failure)
  }
}
