/** Reading one consistent snapshot of a level store, each value verified. */

import {
  datastoreLimits,
  type Listed,
  type Page,
  type Snapshot,
  type StoredRecord,
} from './datastore.ts'
import { unseal } from './envelope.ts'
import { damaged, type LevelDb, printableKey } from './level-check.ts'
import { dataKey, dataRange, headKey, keyIn } from './level-layout.ts'

export interface ClosableSnapshot extends Snapshot {
  close(): Promise<void>
}

/** A snapshot of the store as it is now; `folder` names it in failures. */
export function levelSnapshot(db: LevelDb, folder: string): ClosableSnapshot {
  const snapshot = db.snapshot()
  const open = (key: Uint8Array, stored: Uint8Array): StoredRecord => {
    const opened = unseal(key, stored)
    if (opened === undefined)
      throw damaged(folder, `has a corrupt record under the key ${printableKey(keyIn(key))}`)
    return { key: keyIn(key), value: opened.value, revision: opened.revision }
  }
  const get = (key: Uint8Array): StoredRecord | undefined => {
    const stored = db.getSync(key, { snapshot })
    return stored === undefined ? undefined : open(key, stored)
  }
  return {
    revision: get(headKey)?.revision ?? 0,
    get: (key) => new Promise((resolve) => resolve(get(dataKey(key)))),
    list: async (prefix: Uint8Array, page: Page = {}): Promise<Listed> => {
      const limit = pageLimit(page)
      const found = await db
        .iterator({ ...dataRange(prefix, page.after), limit: limit + 1, snapshot })
        .all()
      return {
        records: found.slice(0, limit).map(([key, stored]) => open(key, stored)),
        more: found.length > limit,
      }
    },
    close: () => snapshot.close(),
  }
}

function pageLimit({ limit = datastoreLimits.pageRecords }: Page): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > datastoreLimits.pageRecords)
    throw new TypeError(`a page has 1 to ${datastoreLimits.pageRecords} records`)
  return limit
}
