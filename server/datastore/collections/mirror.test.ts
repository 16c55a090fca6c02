import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { z } from 'zod'
import { openStore } from '../../../test/support/ca.ts'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import type { Datastore } from '../datastore.ts'
import { Collection } from './collection.ts'
import { jsonCodec } from './json-codec.ts'
import { Mirror, type MirrorChange } from './mirror.ts'

interface Fruit {
  readonly name: string
  readonly taste: string
}

const fruits = new Collection<Fruit>({
  name: 'fruit',
  codec: jsonCodec(z.strictObject({ name: z.string(), taste: z.string() })),
  idOf: ({ name }) => [name],
})

const never = new AbortController().signal

async function put(store: Datastore, ...values: Fruit[]) {
  const operations = values.map((value) => ({
    kind: 'put' as const,
    key: fruits.key(value.name),
    value: fruits.codec.encode(value),
  }))
  const result = await store.commit(operations)
  assert.ok(result.committed)
  return result.revision
}

async function opened(t: TestContext, store: Datastore) {
  const failures: unknown[] = []
  const mirror = await Mirror.open(fruits, { store, onFailure: (error) => failures.push(error) })
  t.after(() => mirror.close())
  const changes: MirrorChange<Fruit>[] = []
  mirror.events.on('change', (_revision, told) => changes.push(...told))
  return { mirror, changes, failures }
}

describe('a mirror', () => {
  it('holds what was there and what comes', async (t) => {
    const store = await openStore(t, new FakeClock())
    await put(store, { name: 'apple', taste: 'sour' })
    const { mirror, changes } = await opened(t, store)
    assert.equal(mirror.get('apple')?.taste, 'sour')
    const second = await put(
      store,
      { name: 'apple', taste: 'sweet' },
      { name: 'fig', taste: 'sweet' },
    )
    await mirror.reached(second, never)
    assert.equal(mirror.get('apple')?.taste, 'sweet')
    assert.equal(mirror.record('apple')?.revision, second)
    assert.equal(mirror.size, 2)
    const third = await store.commit([{ kind: 'delete', key: fruits.key('apple') }])
    assert.ok(third.committed)
    await mirror.reached(third.revision, never)
    assert.deepEqual([...mirror.values()], [{ name: 'fig', taste: 'sweet' }])
    assert.deepEqual(
      changes.map(({ before, after }) => [before?.taste, after?.taste]),
      [
        ['sour', 'sweet'],
        [undefined, 'sweet'],
        ['sweet', undefined],
      ],
    )
  })

  it('holds more than one page', async (t) => {
    const store = await openStore(t, new FakeClock())
    const many = Array.from({ length: 2500 }, (_, n) => ({ name: `f${n}`, taste: String(n) }))
    await put(store, ...many)
    const { mirror } = await opened(t, store)
    assert.equal(mirror.size, 2500)
    assert.equal(mirror.get('f2499')?.taste, '2499')
  })

  it('reaches a revision that touched other records only', async (t) => {
    const store = await openStore(t, new FakeClock())
    const { mirror, changes } = await opened(t, store)
    const other = await store.commit([
      { kind: 'put', key: Buffer.from('x'), value: Buffer.from('') },
    ])
    assert.ok(other.committed)
    await mirror.reached(other.revision, never)
    assert.deepEqual(changes, [])
  })

  it('reads everything again when it fell behind, and tells only what is different', async (t) => {
    const clock = new FakeClock()
    const store = await openStore(t, clock)
    await put(store, { name: 'kept', taste: 'x' }, { name: 'gone', taste: 'x' })
    const { mirror, changes, failures } = await opened(t, store)
    // All of this happens before the mirror gets a turn, and more than one slice of the log is
    // dropped.
    const commits: Promise<unknown>[] = []
    for (let n = 0; n < 400; n++) commits.push(put(store, { name: 'new', taste: String(n) }))
    commits.push(store.commit([{ kind: 'delete', key: fruits.key('gone') }]))
    mirror.events.once('change', () => clock.advance(600))
    await Promise.all(commits)
    await put(store, { name: 'late', taste: 'x' })
    const last = await put(store, { name: 'later', taste: 'x' })
    await mirror.reached(last, never)
    assert.deepEqual([...mirror.values()].map(({ name }) => name).sort(), [
      'kept',
      'late',
      'later',
      'new',
    ])
    assert.ok(
      changes.every(({ before, after }) => before?.name !== 'kept' && after?.name !== 'kept'),
    )
    assert.deepEqual(failures, [])
  })

  it('rejects those who wait when it ends, whatever ends it', async (t) => {
    const store = await openStore(t, new FakeClock())
    const { mirror } = await opened(t, store)
    const aborted = new AbortController()
    const waiting = mirror.reached(10, aborted.signal)
    aborted.abort(new Error('enough'))
    await assert.rejects(waiting, { message: 'enough' })
    await assert.rejects(mirror.reached(10, AbortSignal.abort(new Error('before'))), {
      message: 'before',
    })
    const untilClosed = mirror.reached(10, never)
    const rejected = assert.rejects(untilClosed, { code: 'unavailable' })
    await store.close()
    await rejected
    await assert.rejects(mirror.reached(10, never), { code: 'unavailable' })
  })

  it('says that it failed when a record is not what it should be', async (t) => {
    const store = await openStore(t, new FakeClock())
    const { mirror, failures } = await opened(t, store)
    const rejected = assert.rejects(mirror.reached(5, never), { code: 'corrupt' })
    await store.commit([{ kind: 'put', key: fruits.key('bad'), value: Buffer.from('{}') }])
    await rejected
    assert.equal(failures.length, 1)
  })
})
