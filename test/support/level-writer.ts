/**
 * A process that commits to a level store until it is killed or cannot write: see
 * `DatastorePlace.spawnWriter`. Its arguments are the folder, how many commits are under way at a
 * time (4), and how many it makes (no end). Where writing fails it prints `failed`, the code of the
 * failure and the code of the one after.
 */

import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { systemClock } from '../../runtime/clock.ts'
import { Failure } from '../../runtime/failure.ts'
import { openLevelDatastore } from '../../server/datastore/level.ts'

const store = await openLevelDatastore({ path: process.argv[2] ?? '' }, systemClock)

async function commitOne(): Promise<void> {
  const name = randomUUID()
  const value = Buffer.from(name)
  await store.commit(
    ['left', 'right'].map((side) => ({
      kind: 'put',
      key: Buffer.from(`${side}/${name}`),
      value,
      expected: 0,
    })),
  )
  writeSync(1, `${name}\n`)
}

async function codeOf(promise: Promise<void>): Promise<string> {
  try {
    await promise
    return 'committed'
  } catch (error) {
    return error instanceof Failure ? error.code : String(error)
  }
}

let left = Number(process.argv[4] ?? Number.POSITIVE_INFINITY)

async function commitOnAndOn(): Promise<string> {
  while (left-- > 0) {
    const code = await codeOf(commitOne())
    if (code !== 'committed') return code
  }
  return 'done'
}

const writers = Array.from({ length: Number(process.argv[3] ?? 4) }, commitOnAndOn)
const [first] = await Promise.all(writers)
if (first !== 'done') writeSync(1, `failed ${first} ${await codeOf(commitOne())}\n`)
await store.close()
