import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { openStore } from '../../../test/support/ca.ts'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import { type Actor, changeRecordCodec, changeRecordPrefix, digestOf } from './change-record.ts'
import { type TransactionDeps, transact } from './transaction.ts'

const actor: Actor = { subject: 'uid:0', door: 'private-socket', action: 'test' }
const key = Buffer.from('counter')

async function deps(t: TestContext): Promise<TransactionDeps> {
  const clock = new FakeClock()
  return { store: await openStore(t, clock), clock }
}

async function recordsOf({ store }: TransactionDeps) {
  const { records } = await store.read((snapshot) => snapshot.list(changeRecordPrefix))
  return records.map(({ value, revision }) => ({ ...changeRecordCodec.decode(value), revision }))
}

describe('a transaction', () => {
  it('runs again until nothing it read has changed', async (t) => {
    const parts = await deps(t)
    const increment = () =>
      transact(parts, actor, async (transaction) => {
        const value = Number(Buffer.from((await transaction.get(key)) ?? '0').toString())
        transaction.put(key, Buffer.from(String(value + 1)))
        return value
      })
    const results = await Promise.all(Array.from({ length: 40 }, increment))
    assert.deepEqual(
      results.map(({ result }) => result).sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, n) => n),
    )
  })

  it('notices that a key it found empty, and did not write, was filled', async (t) => {
    const parts = await deps(t)
    const guard = Buffer.from('guard')
    let runs = 0
    const { result } = await transact(parts, actor, async (transaction) => {
      runs++
      const found = await transaction.get(guard)
      if (runs === 1) {
        await parts.store.commit([{ kind: 'put', key: guard, value: Buffer.from('x') }])
      }
      if (found !== undefined) return 'refused'
      transaction.put(key, Buffer.from('1'))
      return 'written'
    })
    assert.equal(result, 'refused')
    assert.equal(runs, 2)
    assert.equal(await parts.store.read((snapshot) => snapshot.get(key)), undefined)
  })

  it('reads what it wrote', async (t) => {
    const parts = await deps(t)
    await transact(parts, actor, async (transaction) => {
      transaction.put(key, Buffer.from('1'))
      assert.deepEqual(await transaction.get(key), Buffer.from('1'))
      transaction.delete(key)
      assert.equal(await transaction.get(key), undefined)
    })
  })

  it('commits nothing when it wrote nothing', async (t) => {
    const parts = await deps(t)
    const { revision } = await transact(parts, actor, (transaction) => transaction.get(key))
    assert.equal(revision, 0)
    assert.equal(await parts.store.read(async (snapshot) => snapshot.revision), 0)
  })

  it('commits nothing when its body throws', async (t) => {
    const parts = await deps(t)
    await assert.rejects(
      transact(parts, actor, async (transaction) => {
        transaction.put(key, Buffer.from('1'))
        throw new Error('no')
      }),
      { message: 'no' },
    )
    assert.equal(await parts.store.read((snapshot) => snapshot.get(key)), undefined)
  })

  it('leaves one change record in its own commit: who, through which door, before and after [REC-14]', async (t) => {
    const parts = await deps(t)
    const object = { kind: 'counter', id: 'a' }
    for (const value of ['1', '2', undefined]) {
      await transact(parts, actor, async (transaction) => {
        await transaction.get(key)
        if (value === undefined) transaction.delete(key, object)
        else transaction.put(key, Buffer.from(value), object)
        transaction.put(Buffer.from('index'), Buffer.from(String(value)))
      })
    }
    const [one, two] = [digestOf(Buffer.from('1')), digestOf(Buffer.from('2'))]
    const records = (await recordsOf(parts)).sort((a, b) => a.revision - b.revision)
    assert.deepEqual(
      records.map(({ changes, revision }) => ({ changes, revision })),
      [
        { changes: [{ ...object, after: one }], revision: 1 },
        { changes: [{ ...object, before: one, after: two }], revision: 2 },
        { changes: [{ ...object, before: two }], revision: 3 },
      ],
    )
    for (const record of records) {
      assert.deepEqual(record.actor, actor)
      assert.deepEqual(record.time, parts.clock.now())
    }
  })
})
