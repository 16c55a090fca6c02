import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSpiffeId, type SpiffeId } from '../spiffe/spiffe-id.ts'
import { parseTrustDomain } from '../spiffe/trust-domain.ts'
import { AuthorizedEntries, type EntryHolder } from './authorized-entries.ts'
import type { RegistrationEntry } from './entry.ts'

const trustDomain = parseTrustDomain('example.org')
const idOf = (path: string): SpiffeId => parseSpiffeId(`spiffe://example.org${path}`)
const agentPath = '/spire/agent/join_token/one'
const agent: EntryHolder = {
  id: idOf(agentPath),
  selectors: [
    { type: 'join_token', value: 'one' },
    { type: 'node', value: 'rack-7' },
  ],
}
const now = new Date('2026-01-01T00:00:00Z')
const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000)

function entry(
  id: string,
  path: string,
  parent: string,
  change: Partial<RegistrationEntry> = {},
): RegistrationEntry {
  return {
    id,
    spiffeId: idOf(path),
    parentId: idOf(parent),
    selectors: [{ type: 'unix', value: 'uid:1' }],
    x509SvidTtlSeconds: 0,
    jwtSvidTtlSeconds: 0,
    federatesWith: [],
    admin: false,
    downstream: false,
    dnsNames: [],
    storeSvid: false,
    hint: '',
    revisionNumber: 0,
    createdAt: now,
    ...change,
  }
}

/** An entry that stands for every agent with these selectors. */
function alias(id: string, path: string, ...values: readonly string[]): RegistrationEntry {
  const selectors = values.map((value) => ({ type: 'node', value }))
  return entry(id, path, '/spire/server', { selectors })
}

function indexOf(...entries: readonly RegistrationEntry[]): AuthorizedEntries {
  const index = new AuthorizedEntries(trustDomain)
  for (const after of entries) index.apply({ before: undefined, after })
  return index
}

function idsFor(index: AuthorizedEntries, at = now): string[] {
  return [...index.authorizedFor(agent, at).entries.keys()].sort()
}

test('an agent has the descendants of its own ID, to any depth [EDGE-17]', () => {
  const chain = Array.from({ length: 50 }, (_, at) =>
    entry(`e${at}`, `/w/${at}`, at === 0 ? agentPath : `/w/${at - 1}`),
  )
  const index = indexOf(...chain, entry('other', '/x', '/spire/agent/join_token/two'))
  assert.equal(idsFor(index).length, 50)
  assert.ok(!idsFor(index).includes('other'))
})

test('an alias counts for agents with all of its selectors, and is no identity itself [EDGE-17 EDGE-6]', () => {
  const index = indexOf(
    alias('mine', '/nodes/rack-7', 'rack-7'),
    entry('under-mine', '/w/1', '/nodes/rack-7'),
    alias('half', '/nodes/half', 'rack-7', 'gpu'),
    entry('under-half', '/w/2', '/nodes/half'),
    alias('foreign', '/nodes/rack-8', 'rack-8'),
    entry('under-foreign', '/w/3', '/nodes/rack-8'),
  )
  assert.deepEqual(idsFor(index), ['under-mine'])
})

test('circles of parents end, and each entry in them is there once [EDGE-17]', () => {
  const index = indexOf(
    entry('in', '/a', agentPath),
    entry('a', '/a', '/b'),
    entry('b', '/b', '/a'),
    entry('self', '/c', '/c'),
  )
  assert.deepEqual(idsFor(index), ['a', 'b', 'in'])
})

test('an expired entry is left out with all that it alone leads to, and the next end is told', () => {
  const index = indexOf(
    entry('short', '/short', agentPath, { expiresAt: later(10) }),
    entry('below', '/below', '/short', { expiresAt: later(20) }),
    entry('lasting', '/lasting', agentPath),
  )
  assert.deepEqual(index.authorizedFor(agent, now).until, later(10))
  assert.deepEqual(idsFor(index), ['below', 'lasting', 'short'])
  assert.deepEqual(idsFor(index, later(10)), ['lasting'])
  assert.equal(index.authorizedFor(agent, later(10)).until, undefined)
})

test('entries are found by the IDs that they give and that they are under', () => {
  const index = indexOf(
    entry('a', '/same', agentPath),
    entry('b', '/same', '/x'),
    entry('c', '/other', '/x'),
  )
  const ids = (found: Iterable<RegistrationEntry>): string[] => [...found].map(({ id }) => id)
  assert.deepEqual(ids(index.withSpiffeId(idOf('/same'))), ['a', 'b'])
  assert.deepEqual(ids(index.withParentId(idOf('/x'))), ['b', 'c'])
  assert.deepEqual(ids(index.withParentId(idOf('/same'))), [])
})

test('the answer after changes is that of an index made anew, and no change that matters is missed', () => {
  const paths = fc.constantFrom('/a', '/b', '/c', '/nodes/x')
  const parents = fc.oneof(paths, fc.constantFrom('/spire/server', agentPath))
  const nodeSelectors = fc.subarray(['rack-7', 'gpu', 'eu'], { minLength: 1 })
  const entries = fc
    .tuple(fc.constantFrom('1', '2', '3', '4', '5'), paths, parents, nodeSelectors)
    .map(([id, path, parent, values]) =>
      entry(id, path, parent, { selectors: values.map((value) => ({ type: 'node', value })) }),
    )
  const changes = fc.array(fc.tuple(entries, fc.boolean()), { maxLength: 30 })
  fc.assert(
    fc.property(changes, (list) => {
      const index = new AuthorizedEntries(trustDomain)
      const held = new Map<string, RegistrationEntry>()
      for (const [one, isRemoved] of list) {
        const before = held.get(one.id)
        const answered = index.authorizedFor(agent, now)
        const after = isRemoved ? undefined : one
        const change = { before, after }
        index.apply(change)
        if (after === undefined) held.delete(one.id)
        else held.set(one.id, after)
        const answer = index.authorizedFor(agent, now)
        const fresh = indexOf(...held.values()).authorizedFor(agent, now)
        const sorted = [...answer.entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
        assert.deepEqual(
          sorted,
          [...fresh.entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
        )
        const isSame =
          answer.entries.size === answered.entries.size &&
          [...answer.entries].every(([id, found]) => answered.entries.get(id) === found)
        if (!isSame) assert.ok(index.concerns(change, agent, answered))
      }
    }),
  )
})
