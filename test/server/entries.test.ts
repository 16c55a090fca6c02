/** Registration entries: every refused field and every filter as a recorded SPIRE server answered. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import type { _spire_api_server_entry_v1_ListEntriesRequest_Filter as Filter } from '../../proto/gen/spire/api/server/entry/v1/ListEntriesRequest.ts'
import type { Entry } from '../../proto/gen/spire/api/types/Entry.ts'
import { Failure } from '../../runtime/failure.ts'
import { refusedWith } from '../support/refusals.ts'
import { once, TestServer } from '../support/test-server.ts'
import { readVectors } from '../support/vectors.ts'

let server: TestServer
before(async () => {
  server = await TestServer.start()
})
after(() => server[Symbol.asyncDispose]())

const entryJson = z.custom<Entry>((value) => typeof value === 'object')
const answer = { code: z.number(), message: z.string() }

const refusals = vectors(
  'entry-refused-fields.json',
  z.array(z.strictObject({ note: z.string(), entry: entryJson, ...answer })),
)

/** Where ours answers otherwise, on purpose: docs/spiffe-divergences.md. */
const stricter: Readonly<Record<string, RegExp>> = {
  'dns bad char': /invalid label "a_b!"$/,
  'dns spaces': /invalid label "a b"$/,
}
const laxer = new Set(['federates with unknown'])

/** The wording of SPIRE's store and of Go's parsers is not ours. */
const foreign = /datastore-[a-z]+: .*|idna: .*/s

for (const { note, entry, code, message } of refusals) {
  test(`an entry with ${note} is answered with ${code} [BAD-4 EDGE-18]`, async () => {
    const { results } = await server.local.entry.unary(
      'BatchCreateEntry',
      { entries: [entry] },
      once(),
    )
    const status = results[0]?.status
    const expected = stricter[note]
    if (expected !== undefined) {
      assert.equal(status?.code, 3)
      assert.match(status.message, expected)
      return
    }
    if (laxer.has(note)) {
      assert.equal(status?.code, 0)
      return
    }
    assert.equal(status?.code, code, status?.message)
    const own = message.replace(foreign, '')
    assert.ok(status.message.startsWith(own), `${status.message} does not begin with ${own}`)
    if (own === message) assert.equal(status.message, message)
  })
}

test('lists by every filter as recorded', async (t) => {
  await using own = await TestServer.start()
  const { entries, cases } = vectors(
    'entry-filters.json',
    z.strictObject({
      entries: z.array(entryJson),
      cases: z.array(
        z.strictObject({
          filter: z.custom<Filter>().nullable(),
          ids: z.array(z.string()).nullable(),
          ...answer,
        }),
      ),
    }),
  )
  await own.local.entry.unary('BatchCreateEntry', { entries }, once())
  for (const { filter, ids, code, message } of cases) {
    await t.test(JSON.stringify(filter), async () => {
      try {
        const listed = await own.local.entry.unary('ListEntries', { filter }, once())
        assert.deepEqual(
          listed.entries.map(({ id }) => id),
          ids,
        )
        const { count } = await own.local.entry.unary('CountEntries', { filter }, once())
        assert.equal(count, ids?.length)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        assert.notEqual(code, 0, error.message)
        assert.ok(error.message.startsWith(message.replace(foreign, '')), error.message)
      }
    })
  }
})

test('a refused update changes nothing, also one that makes two entries similar', async () => {
  const of = (id: string, path: string): Entry => ({
    id,
    spiffeId: { trustDomain: 'example.org', path },
    parentId: { trustDomain: 'example.org', path: '/parent' },
    selectors: [{ type: 'a', value: '1' }],
  })
  const entries = [of('first', '/first'), of('second', '/second')]
  await server.local.entry.unary('BatchCreateEntry', { entries }, once())
  const { results } = await server.local.entry.unary(
    'BatchUpdateEntry',
    {
      entries: [of('second', '/first'), { id: 'first', hint: 'h' }, { id: 'none' }],
      inputMask: { spiffeId: true },
    },
    once(),
  )
  assert.deepEqual(
    results.map(({ status }) => [status?.code, status?.message]),
    [
      [6, 'failed to update entry: similar entry already exists'],
      [3, 'failed to convert entry: invalid spiffe ID: request must specify SPIFFE ID'],
      [3, 'failed to convert entry: invalid spiffe ID: request must specify SPIFFE ID'],
    ],
  )
  const second = await server.local.entry.unary('GetEntry', { id: 'second' }, once())
  assert.equal(second.spiffeId?.path, '/second')
  assert.equal(second.revisionNumber, '0')
})

test('an update by mask leaves the rest, and one without replaces everything [EDGE-18]', async () => {
  const entry: Entry = {
    id: 'masked',
    spiffeId: { trustDomain: 'example.org', path: '/masked' },
    parentId: { trustDomain: 'example.org', path: '/parent' },
    selectors: [
      { type: 'b', value: '1' },
      { type: 'a', value: '1' },
    ],
    hint: 'before',
    x509SvidTtl: 60,
  }
  await server.local.entry.unary('BatchCreateEntry', { entries: [entry] }, once())
  const update = async (change: Entry, inputMask: { hint: true } | null) => {
    const request = { entries: [{ ...entry, ...change }], inputMask }
    const { results } = await server.local.entry.unary('BatchUpdateEntry', request, once())
    return results[0]?.entry
  }
  const masked = await update({ hint: 'after', x509SvidTtl: 5 }, { hint: true })
  assert.deepEqual([masked?.hint, masked?.x509SvidTtl, masked?.revisionNumber], ['after', 60, '1'])
  const whole = await update({ x509SvidTtl: 5, hint: '' }, null)
  assert.deepEqual([whole?.hint, whole?.x509SvidTtl, whole?.revisionNumber], ['', 5, '2'])
  assert.deepEqual(whole?.selectors, [
    { type: 'a', value: '1' },
    { type: 'b', value: '1' },
  ])
})

test('a batch over the limit is refused as a whole [BAD-6]', async () => {
  const ids = Array.from({ length: 10_001 }, (_, index) => String(index))
  await assert.rejects(
    server.local.entry.unary('BatchDeleteEntry', { ids }, once()),
    refusedWith('invalid-argument', /more than 10000 items/),
  )
})

function vectors<T>(name: string, schema: z.ZodType<T>): T {
  return schema.parse(readVectors(`spire/${name}`))
}
