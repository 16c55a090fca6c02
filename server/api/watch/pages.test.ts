import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageDefinition } from '../../../proto/services.ts'
import type { RegistrationEntry } from '../../../registration/entry.ts'
import { parseSpiffeId } from '../../../spiffe/spiffe-id.ts'
import type { StateChange } from './agent-state.ts'
import { pagesOf } from './pages.ts'

const nothing: StateChange = {
  entries: [],
  deletedEntryIds: [],
  bundles: [],
  deletedBundles: [],
  policies: [],
}

test('a change of nothing is one page', () => {
  const pages = pagesOf(nothing, [], { revision: 7, reset: false })
  assert.equal(pages.length, 1)
  assert.deepEqual([pages[0]?.revision, pages[0]?.reset, pages[0]?.more], [7, false, false])
})

test('a big change comes in pages that fit, the first resets, the last is the last', () => {
  const entries = Array.from({ length: 20_000 }, (_, index) => entry(index))
  const pages = pagesOf({ ...nothing, entries }, [], { revision: 1, reset: true })
  assert.ok(pages.length > 1)
  const type = messageDefinition('countersign.server.watch.v1.WatchResponse')
  for (const page of pages) assert.ok(type.serialize(page).length < 4 << 20)
  assert.deepEqual(
    pages.map(({ reset }) => reset),
    pages.map((_, index) => index === 0),
  )
  assert.deepEqual(
    pages.map(({ more }) => more),
    pages.map((_, index) => index < pages.length - 1),
  )
  assert.equal(pages.flatMap((page) => page.entries ?? []).length, entries.length)
})

function entry(index: number): RegistrationEntry {
  return {
    id: `entry-${index}`,
    spiffeId: parseSpiffeId(`spiffe://example.org/workload/${index}`),
    parentId: parseSpiffeId('spiffe://example.org/node'),
    selectors: [{ type: 'unix', value: `path:/usr/lib/${'x'.repeat(200)}` }],
    x509SvidTtlSeconds: 0,
    jwtSvidTtlSeconds: 0,
    federatesWith: [],
    admin: false,
    downstream: false,
    dnsNames: [],
    storeSvid: false,
    hint: '',
    revisionNumber: 0,
    createdAt: new Date(0),
  }
}
