/**
 * What is checked before a level store is used: every record's digest, the sum over all of them,
 * the change log without a gap, and nothing acknowledged that is missing. LevelDB itself opens
 * without a word after such damage.
 */

import type { Level } from 'level'
import { Failure } from '../../runtime/failure.ts'
import { decodeCommit, type LoggedCommit } from './change-log.ts'
import type { Revision } from './datastore.ts'
import { addToSum, summand, unseal } from './envelope.ts'
import {
  dataRange,
  decodeHead,
  type Head,
  headKey,
  keyIn,
  logKey,
  logRange,
} from './level-layout.ts'

export type LevelDb = Level<Uint8Array, Uint8Array>

export interface CheckedStore {
  readonly head: Head
  readonly log: readonly LoggedCommit[]
}

/** Reads the whole store. Undefined when it is new; throws a Failure `corrupt` naming what is not whole. */
export async function checkStore(
  db: LevelDb,
  path: string,
  acknowledged: Revision,
): Promise<CheckedStore | undefined> {
  const head = readHead(db, path)
  if ((head?.revision ?? 0) < acknowledged)
    throw damaged(
      path,
      `ends at revision ${head?.revision ?? 0}, but ${acknowledged} was acknowledged`,
    )
  if (head === undefined) {
    if ((await db.keys({ limit: 1 }).all()).length > 0) throw damaged(path, 'has no head record')
    return undefined
  }
  const log = await readLog(db, path, head)
  await checkRecords(db, path, head)
  return { head, log }
}

function readHead(db: LevelDb, path: string): Head | undefined {
  const stored = db.getSync(headKey)
  if (stored === undefined) return undefined
  const opened = unseal(headKey, stored)
  if (opened === undefined) throw damaged(path, 'has a corrupt head record')
  return decodeHead(opened.value)
}

async function readLog(db: LevelDb, path: string, head: Head): Promise<LoggedCommit[]> {
  const log: LoggedCommit[] = []
  for await (const [key, stored] of db.iterator(logRange)) {
    const revision = head.oldest + log.length
    if (Buffer.compare(key, logKey(revision)) !== 0)
      throw damaged(path, `has lost commit ${revision}`)
    const opened = unseal(key, stored)
    if (opened === undefined) throw damaged(path, `has a corrupt record of commit ${revision}`)
    log.push(decodeCommit(revision, opened.value))
  }
  const last = head.oldest + log.length - 1
  if (last !== head.revision) throw damaged(path, `has lost commit ${last + 1}`)
  return log
}

async function checkRecords(db: LevelDb, path: string, head: Head): Promise<void> {
  let sum = 0n
  let records = 0
  for await (const [key, stored] of db.iterator(dataRange(new Uint8Array()))) {
    const opened = unseal(key, stored)
    if (opened === undefined || opened.revision > head.revision)
      throw damaged(path, `has a corrupt record under the key ${printableKey(keyIn(key))}`)
    sum = addToSum(sum, summand(stored))
    records++
  }
  if (records !== head.records)
    throw damaged(path, `has ${records} records where ${head.records} were committed`)
  if (sum !== head.sum) throw damaged(path, 'has records that are not the last ones committed')
}

/** The failure that a damaged store ends in. */
export function damaged(path: string, how: string, cause?: unknown): Failure {
  return new Failure('corrupt', `the datastore in ${path} ${how}`, {
    cause,
    hint: `restore ${path} from a backup`,
  })
}

/** A key for a person: separators as slashes, other odd bytes escaped, cut at 200 characters. */
export function printableKey(key: Uint8Array): string {
  const text = Buffer.from(key)
    .toString('latin1')
    .replaceAll('\0', '/')
    .replace(/[^\x20-\x7e]/g, (odd) => `\\x${odd.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return text.length > 200 ? `${text.slice(0, 200)}...` : text
}
