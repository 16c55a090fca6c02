/**
 * A process that commits to a level store without end, four commits at a time, until it is killed or
 * cannot write: see `DatastorePlace.spawnWriter`. The folder is its argument. Where writing fails it
 * prints `failed` and the code of the failure, and the code of the one after.
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

async function commitForEver(): Promise<string> {
  for (;;) {
    const code = await codeOf(commitOne())
    if (code !== 'committed') return code
  }
}

const [first] = await Promise.all([
  commitForEver(),
  commitForEver(),
  commitForEver(),
  commitForEver(),
])
writeSync(1, `failed ${first} ${await codeOf(commitOne())}\n`)
await store.close()
