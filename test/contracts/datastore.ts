/** What every datastore does: the contract that each backend's test runs. */

import assert from 'node:assert/strict'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { describe, it, type TestContext } from 'node:test'
import {
  type ChangeSet,
  Compacted,
  type Datastore,
  datastoreLimits,
  type Operation,
  type Revision,
  type StoredRecord,
} from '../../server/datastore/datastore.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** A place where a store lives; opened again, it has what was committed before. */
export interface DatastorePlace {
  open(clock: FakeClock): Promise<Datastore>
  /**
   * Starts a process that has the store open and commits without end. Commit `n` puts `n` under
   * `left/n` and `right/n`; when it is acknowledged the process prints the line `n`.
   */
  spawnWriter(): Writer
  remove(): Promise<void>
}

type Writer = ChildProcessByStdio<null, Readable, null>

/** Runs the contract against stores whose change log keeps five minutes. */
export function datastoreContract(name: string, makePlace: () => Promise<DatastorePlace>): void {
  async function opened(t: TestContext, clock = new FakeClock()): Promise<Datastore> {
    const place = await makePlace()
    const store = await place.open(clock)
    t.after(async () => {
      await store.close()
      await place.remove()
    })
    return store
  }

  describe(`${name}: reading and committing`, () => {
    it('returns what was put, with the revision of its commit', async (t) => {
      const store = await opened(t)
      const revision = await commit(store, put('a', 'one'), put('b', 'two'))
      assert.deepEqual(await get(store, 'a'), { key: 'a', value: 'one', revision })
      assert.deepEqual(await get(store, 'b'), { key: 'b', value: 'two', revision })
      assert.equal(await get(store, 'c'), undefined)
    })

    it('numbers commits without a gap from 1', async (t) => {
      const store = await opened(t)
      const revisions = await Promise.all(
        Array.from({ length: 50 }, (_, n) => commit(store, put(`key-${n}`, 'x'))),
      )
      assert.deepEqual(
        revisions,
        revisions.map((_, index) => index + 1),
      )
    })

    it('keeps an empty value apart from no value', async (t) => {
      const store = await opened(t)
      await commit(store, put('empty', ''))
      assert.equal((await get(store, 'empty'))?.value, '')
    })

    it('keeps keys of any bytes apart and in bytewise order', async (t) => {
      const store = await opened(t)
      const keys = [
        [0x00],
        [0x00, 0x00],
        [0x2d],
        [0x2f],
        [0x2f, 0xff],
        [0x5f],
        [0xff],
        [0xff, 0xff],
      ]
      for (const key of keys.toReversed()) {
        await commit(store, { kind: 'put', key: Uint8Array.from(key), value: bytes(String(key)) })
      }
      const listed = await list(store, new Uint8Array())
      assert.deepEqual(
        listed.map(({ key }) => [...key]),
        keys,
      )
      assert.deepEqual(
        listed.map(({ value }) => text(value)),
        keys.map(String),
      )
    })

    it('lists by prefix without its neighbours', async (t) => {
      const store = await opened(t)
      const names = ['a', 'a-', 'a/', 'a/1', 'a/2', 'a0', 'a_', 'b']
      await commit(store, ...names.map((name) => put(name, name)))
      assert.deepEqual(keysOf(await list(store, bytes('a/'))), ['a/', 'a/1', 'a/2'])
      await commit(store, { kind: 'put', key: Uint8Array.of(0xff, 0xff, 1), value: bytes('last') })
      assert.equal((await list(store, Uint8Array.of(0xff, 0xff))).length, 1)
      assert.equal((await list(store, Uint8Array.of(0xff))).length, 1)
    })

    it('pages through a list in one snapshot', async (t) => {
      const store = await opened(t)
      const names = Array.from({ length: 25 }, (_, n) => `p/${String(n).padStart(2, '0')}`)
      await commit(store, ...names.map((name) => put(name, name)), put('q', 'beyond'))
      const seen: string[] = []
      await store.read(async (snapshot) => {
        let page = await snapshot.list(bytes('p/'), { limit: 10 })
        for (;;) {
          seen.push(...keysOf(page.records))
          const last = page.records.at(-1)
          if (!page.more || last === undefined) break
          await commit(store, put(`p/${seen.length}-late`, 'x'))
          page = await snapshot.list(bytes('p/'), { after: last.key, limit: 10 })
        }
      })
      assert.deepEqual(seen, names)
    })

    it('ignores a page start that is before the prefix', async (t) => {
      const store = await opened(t)
      await commit(store, put('a', 'x'), put('m', 'x'))
      const page = await store.read((snapshot) => snapshot.list(bytes('m'), { after: bytes('a') }))
      assert.deepEqual(keysOf(page.records), ['m'])
    })

    it('reads one snapshot whatever is committed meanwhile', async (t) => {
      const store = await opened(t)
      const before = await commit(store, put('k', 'old'))
      await store.read(async (snapshot) => {
        await commit(store, put('k', 'new'), put('another', 'x'))
        assert.equal(snapshot.revision, before)
        assert.equal(text((await snapshot.get(bytes('k')))?.value), 'old')
        assert.equal((await snapshot.list(new Uint8Array())).records.length, 1)
      })
      assert.equal((await get(store, 'k'))?.value, 'new')
    })

    it('deletes, and takes the deletion of nothing for done', async (t) => {
      const store = await opened(t)
      await commit(store, put('k', 'x'))
      await commit(store, { kind: 'delete', key: bytes('k') })
      await commit(store, { kind: 'delete', key: bytes('k') })
      assert.equal(await get(store, 'k'), undefined)
    })

    it('round-trips a value of the greatest size', async (t) => {
      const store = await opened(t)
      const value = Buffer.alloc(datastoreLimits.valueBytes, 0xa5)
      await commit(store, { kind: 'put', key: bytes('big'), value })
      const found = await store.read((snapshot) => snapshot.get(bytes('big')))
      assert.ok(found !== undefined && value.equals(found.value))
    })

    it('refuses what is over a limit or makes no sense, and changes nothing', async (t) => {
      const store = await opened(t)
      const { keyBytes, valueBytes, operationsPerCommit, pageRecords } = datastoreLimits
      const over = { code: 'resource-exhausted' }
      await assert.rejects(store.commit([put('k'.repeat(keyBytes + 1), 'x')]), over)
      await assert.rejects(store.commit([put('k', 'x'.repeat(valueBytes + 1))]), over)
      const many = Array.from({ length: operationsPerCommit + 1 }, (_, n) => put(String(n), ''))
      await assert.rejects(store.commit(many), over)
      await assert.rejects(store.commit([]), TypeError)
      await assert.rejects(store.commit([put('', 'x')]), TypeError)
      await assert.rejects(store.commit([put('k', 'x'), put('k', 'y')]), TypeError)
      for (const limit of [0, -1, 1.5, pageRecords + 1]) {
        const listing = store.read((snapshot) => snapshot.list(bytes('k'), { limit }))
        await assert.rejects(listing, TypeError)
      }
      assert.deepEqual(await list(store, new Uint8Array()), [])
    })
  })

  describe(`${name}: expected revisions`, () => {
    it('creates a create-only key once', async (t) => {
      const store = await opened(t)
      const revision = await commit(store, put('token', 'first', 0))
      const result = await store.commit([put('token', 'second', 0)])
      assert.deepEqual(result, { committed: false, key: bytes('token'), found: revision })
      assert.equal((await get(store, 'token'))?.value, 'first')
    })

    it('commits nothing of a commit with one conflict', async (t) => {
      const store = await opened(t)
      const revision = await commit(store, put('a', '1'))
      await commit(store, put('a', '2'))
      const result = await store.commit([put('b', 'new'), put('a', '3', revision)])
      assert.equal(result.committed, false)
      assert.equal(await get(store, 'b'), undefined)
      assert.equal((await get(store, 'a'))?.value, '2')
    })

    it('checks a key that it does not change', async (t) => {
      const store = await opened(t)
      const revision = await commit(store, put('guard', 'x'))
      const guard = { kind: 'check', key: bytes('guard'), expected: revision } as const
      assert.equal((await store.commit([guard, put('a', '1')])).committed, true)
      await commit(store, put('guard', 'y'))
      assert.equal((await store.commit([guard, put('a', '2')])).committed, false)
      assert.equal((await get(store, 'a'))?.value, '1')
    })

    it('deletes only at the expected revision', async (t) => {
      const store = await opened(t)
      const first = await commit(store, put('k', '1'))
      const second = await commit(store, put('k', '2'))
      const remove = (expected: Revision): Operation => ({
        kind: 'delete',
        key: bytes('k'),
        expected,
      })
      assert.equal((await store.commit([remove(first)])).committed, false)
      assert.equal((await store.commit([remove(second)])).committed, true)
      assert.equal((await store.commit([remove(second)])).committed, false)
    })

    it('lets one of many concurrent writers of a create-only key through', async (t) => {
      const store = await opened(t)
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, n) => store.commit([put('token', String(n), 0)])),
      )
      assert.equal(results.filter(({ committed }) => committed).length, 1)
    })

    it('loses no increment of two writers that retry', async (t) => {
      const store = await opened(t)
      await commit(store, put('n', '0'))
      async function increment(times: number): Promise<void> {
        for (let done = 0; done < times; ) {
          const found = await get(store, 'n')
          assert.ok(found)
          const result = await store.commit([
            put('n', String(Number(found.value) + 1), found.revision),
          ])
          if (result.committed) done++
        }
      }
      await Promise.all([increment(100), increment(100)])
      assert.equal((await get(store, 'n'))?.value, '200')
    })
  })

  describe(`${name}: watching`, () => {
    it('tells what was committed after a revision, then what is committed', async (t) => {
      const store = await opened(t)
      await commit(store, put('w/before', 'x'))
      const start = await commit(store, put('w/at', 'x'))
      const first = await commit(store, put('w/a', '1'), put('other', 'x'))
      await commit(store, put('other', 'y'))
      const second = await commit(store, put('w/a', '2'))
      const watching = take(store, 'w/', start, 3)
      const third = await commit(store, { kind: 'delete', key: bytes('w/a') })
      assert.deepEqual(await watching, [
        { revision: first, changes: [['w/a', '1']] },
        { revision: second, changes: [['w/a', '2']] },
        { revision: third, changes: [['w/a', undefined]] },
      ])
    })

    it('tells each change once and in order, to watchers of every speed', async (t) => {
      const store = await opened(t)
      const total = 600
      const slow = collect(store, 0, total, () => new Promise((resolve) => setImmediate(resolve)))
      const fast = collect(store, 0, total, () => Promise.resolve())
      await Promise.all(
        Array.from({ length: total }, (_, n) => commit(store, put(`k/${n % 7}`, String(n)))),
      )
      const expected = Array.from({ length: total }, (_, n) => n + 1)
      assert.deepEqual(await fast, expected)
      assert.deepEqual(await slow, expected)
    })

    it('tells how far it has come when nothing touched the prefix', async (t) => {
      const store = await opened(t)
      const ending = new AbortController()
      const watching = store.watch(bytes('w/'), 0, ending.signal)[Symbol.asyncIterator]()
      await commit(store, put('other', 'x'))
      const deleted = await commit(store, { kind: 'delete', key: bytes('w/none') })
      assert.deepEqual((await watching.next()).value, { revision: deleted, changes: [] })
      const waiting = watching.next()
      const checked = await commit(store, { kind: 'check', key: bytes('w/none'), expected: 0 })
      assert.deepEqual((await waiting).value, { revision: checked, changes: [] })
      ending.abort()
    })

    it('ends when the signal is aborted, while it waits too', async (t) => {
      const store = await opened(t)
      const ending = new AbortController()
      const watching = drain(store.watch(bytes(''), 0, ending.signal))
      await new Promise((resolve) => setImmediate(resolve))
      ending.abort()
      assert.deepEqual(await watching, [])
      assert.deepEqual(await drain(store.watch(bytes(''), 0, AbortSignal.abort())), [])
    })

    it('answers Compacted for a revision that the log has lost, and one that never was', async (t) => {
      const clock = new FakeClock()
      const store = await opened(t, clock)
      for (let n = 0; n < 20; n++) await commit(store, put('k', String(n)))
      clock.advance(600)
      const last = await commit(store, put('k', 'late'))
      const end = await commit(store, put('k', 'later'))
      await assert.rejects(take(store, 'k', 3, 1), Compacted)
      assert.equal((await take(store, 'k', last, 1))[0]?.revision, end)
      await assert.rejects(take(store, 'k', end + 1, 1), Compacted)
    })

    it('tells a watcher that fell behind the log that it did', async (t) => {
      const clock = new FakeClock()
      const store = await opened(t, clock)
      for (let n = 0; n < 300; n++) await commit(store, put('k', String(n)))
      const watching = store.watch(bytes('k'), 0, new AbortController().signal)
      const seen: Revision[] = []
      await assert.rejects(async () => {
        for await (const { revision } of watching) {
          if (seen.length === 0) {
            clock.advance(600)
            await commit(store, put('k', 'late'))
            await commit(store, put('k', 'later'))
          }
          seen.push(revision)
        }
      }, Compacted)
      assert.deepEqual(
        seen,
        seen.map((_, index) => index + 1),
      )
    })
  })

  describe(`${name}: kill -9`, () => {
    it('loses nothing that was acknowledged, and keeps no half of a commit [PLANE-8 BAD-7]', async () => {
      const place = await makePlace()
      const acknowledged = new Set<string>()
      for (const lines of [1, 40, 200, 333]) {
        const target = acknowledged.size + lines
        await killAfter(place.spawnWriter(), acknowledged, target)
        const store = await place.open(new FakeClock())
        const left = await listAll(store, 'left/')
        const right = await listAll(store, 'right/')
        await store.close()
        assert.deepEqual([...left.values()], [...right.values()])
        for (const line of acknowledged) assert.equal(left.get(`left/${line}`), line)
        assert.ok(acknowledged.size >= target)
      }
      await place.remove()
    })
  })

  describe(`${name}: closing`, () => {
    it('answers commits that were under way, then refuses', async (t) => {
      const store = await opened(t)
      const commits = Array.from({ length: 20 }, (_, n) => store.commit([put(`k${n}`, 'x')]))
      const closing = store.close()
      const late = store.commit([put('late', 'x')])
      await assert.rejects(late, { code: 'unavailable' })
      for (const result of await Promise.all(commits)) assert.equal(result.committed, true)
      await closing
      await assert.rejects(
        store.read(async () => 1),
        { code: 'unavailable' },
      )
      assert.throws(() => store.watch(bytes(''), 0, new AbortController().signal), {
        code: 'unavailable',
      })
      await store.close()
    })

    it('lets a read under way finish and ends watches', async (t) => {
      const store = await opened(t)
      await commit(store, put('k', 'x'))
      const watching = drain(store.watch(bytes('none'), 0, new AbortController().signal))
      let proceed: () => void = () => assert.fail('the read has not begun')
      const reading = store.read(async (snapshot) => {
        await new Promise<void>((resolve) => {
          proceed = resolve
        })
        return text((await snapshot.get(bytes('k')))?.value)
      })
      await new Promise((resolve) => setImmediate(resolve))
      const closing = store.close()
      proceed()
      assert.equal(await reading, 'x')
      await closing
      assert.deepEqual(
        (await watching).flatMap(({ changes }) => changes),
        [],
      )
    })

    it('has everything again when it is opened again, watchers included', async () => {
      const place = await makePlace()
      const clock = new FakeClock()
      const first = await place.open(clock)
      const revision = await commit(first, put('a', '1'))
      const last = await commit(first, put('a', '2'), put('b', '1'))
      await first.close()
      const second = await place.open(clock)
      assert.equal(second.id, first.id)
      assert.deepEqual(await get(second, 'a'), { key: 'a', value: '2', revision: last })
      assert.equal((await take(second, 'b', revision, 1))[0]?.revision, last)
      assert.equal(await commit(second, put('c', 'x')), last + 1)
      await second.close()
      await place.remove()
    })
  })
}

function put(key: string, value: string, expected?: Revision): Operation {
  return {
    kind: 'put',
    key: bytes(key),
    value: bytes(value),
    ...(expected === undefined ? {} : { expected }),
  }
}

async function commit(store: Datastore, ...operations: Operation[]): Promise<Revision> {
  const result = await store.commit(operations)
  assert.ok(result.committed)
  return result.revision
}

async function get(store: Datastore, key: string) {
  const found = await store.read((snapshot) => snapshot.get(bytes(key)))
  return found && { key: text(found.key), value: text(found.value), revision: found.revision }
}

async function list(store: Datastore, prefix: Uint8Array): Promise<readonly StoredRecord[]> {
  return (await store.read((snapshot) => snapshot.list(prefix))).records
}

/** Takes down what the writer acknowledges, and kills it when there are so many. */
async function killAfter(writer: Writer, acknowledged: Set<string>, target: number): Promise<void> {
  const exited = once(writer, 'exit')
  for await (const line of createInterface({ input: writer.stdout })) {
    acknowledged.add(line)
    if (acknowledged.size === target) writer.kill('SIGKILL')
  }
  await exited
}

async function listAll(store: Datastore, prefix: string): Promise<Map<string, string>> {
  return await store.read(async (snapshot) => {
    const found = new Map<string, string>()
    let page = await snapshot.list(bytes(prefix))
    for (;;) {
      for (const { key, value } of page.records) found.set(text(key), text(value))
      const last = page.records.at(-1)
      if (!page.more || last === undefined) return found
      page = await snapshot.list(bytes(prefix), { after: last.key })
    }
  })
}

async function take(store: Datastore, prefix: string, after: Revision, count: number) {
  const ending = new AbortController()
  const seen: { revision: Revision; changes: (string | undefined)[][] }[] = []
  for await (const { revision, changes } of store.watch(bytes(prefix), after, ending.signal)) {
    if (changes.length === 0) continue
    const told = changes.map(({ key, value }) => [text(key), value && text(value)])
    if (seen.push({ revision, changes: told }) === count) ending.abort()
  }
  return seen
}

async function collect(
  store: Datastore,
  after: Revision,
  count: number,
  pace: () => Promise<unknown>,
): Promise<Revision[]> {
  const ending = new AbortController()
  const seen: Revision[] = []
  for await (const { revision } of store.watch(bytes('k/'), after, ending.signal)) {
    await pace()
    if (seen.push(revision) === count) ending.abort()
  }
  return seen
}

async function drain(watching: AsyncIterable<ChangeSet>): Promise<ChangeSet[]> {
  const seen: ChangeSet[] = []
  for await (const set of watching) seen.push(set)
  return seen
}

function keysOf(records: readonly StoredRecord[]): string[] {
  return records.map(({ key }) => text(key))
}

function bytes(value: string): Buffer {
  return Buffer.from(value)
}

function text(value: Uint8Array | undefined): string {
  return Buffer.from(value ?? []).toString()
}
