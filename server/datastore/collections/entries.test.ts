import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { RegistrationEntry } from '../../../registration/entry.ts'
import { parseSpiffeId } from '../../../spiffe/spiffe-id.ts'
import { parseTrustDomain } from '../../../spiffe/trust-domain.ts'
import { openStore } from '../../../test/support/ca.ts'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import type { Actor } from './change-record.ts'
import { createEntry, deleteEntry, entries, updateEntry } from './entries.ts'
import { type Transaction, transact } from './transaction.ts'

const actor: Actor = { subject: 'uid:0', door: 'private-socket', action: 'test' }

const full: RegistrationEntry = {
  id: 'entry-1',
  spiffeId: parseSpiffeId('spiffe://example.org/ns/default/billing'),
  parentId: parseSpiffeId('spiffe://example.org/spire/agent/join_token/1'),
  selectors: [
    { type: 'unix', value: 'uid:1000' },
    { type: 'unix', value: 'path:/usr/bin/billing' },
  ],
  x509SvidTtlSeconds: 60,
  jwtSvidTtlSeconds: 30,
  federatesWith: [parseTrustDomain('other.org')],
  admin: true,
  downstream: false,
  expiresAt: new Date('2030-01-01T00:00:00Z'),
  dnsNames: ['billing.example.org'],
  storeSvid: false,
  hint: 'primary',
  additionalAttributes: { disableX509SvidPrefetch: true, jwtSvidIncludeJti: false },
  revisionNumber: 7,
  createdAt: new Date('2026-01-01T00:00:00Z'),
}

async function opened(t: TestContext) {
  const clock = new FakeClock()
  const store = await openStore(t, clock)
  const run = async <T>(body: (transaction: Transaction) => Promise<T>): Promise<T> =>
    (await transact({ store, clock }, actor, body)).result
  const find = (id: string) => store.read((snapshot) => entries.get(snapshot, id))
  return { store, run, find }
}

describe('stored entries', () => {
  it('come back as they were, with and without what may be left out', async (t) => {
    const { run, find } = await opened(t)
    const bare: RegistrationEntry = {
      ...full,
      id: 'entry-2',
      spiffeId: parseSpiffeId('spiffe://example.org/bare'),
      expiresAt: undefined,
      additionalAttributes: undefined,
    }
    for (const entry of [full, bare]) {
      assert.deepEqual(await run((tx) => createEntry(tx, entry)), { outcome: 'written' })
      assert.deepEqual(withoutUndefined(await find(entry.id)), withoutUndefined(entry))
    }
  })

  it('keep odd text byte for byte', async (t) => {
    const { run, find } = await opened(t)
    const odd = [
      "'; DROP TABLE entries; --",
      '\u202Etest',
      '😍\u0000',
      '../../etc/passwd',
      '\uFEFF',
      'ÅÍÎÏ',
      '$(id)',
    ]
    for (const [n, hint] of odd.entries()) {
      const entry = {
        ...full,
        id: `odd-${n}`,
        hint,
        selectors: [{ type: 'unix', value: `${n}${hint}` }],
      }
      assert.deepEqual(await run((tx) => createEntry(tx, entry)), { outcome: 'written' })
      const found = await find(entry.id)
      assert.equal(found?.hint, hint)
      assert.deepEqual(found.selectors, entry.selectors)
    }
  })

  it('refuse a similar one, whatever the order of selectors, and show the one that is there [EDGE-18]', async (t) => {
    const { run } = await opened(t)
    await run((tx) => createEntry(tx, full))
    const similar = { ...full, id: 'other', selectors: full.selectors.toReversed(), hint: 'x' }
    const outcome = await run((tx) => createEntry(tx, similar))
    assert.equal(outcome.outcome === 'similar' && outcome.existing.id, full.id)
  })

  it('let one of many similar ones through that are created at once', async (t) => {
    const { run } = await opened(t)
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => run((tx) => createEntry(tx, { ...full, id: `e-${n}` }))),
    )
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'written').length, 1)
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'similar').length, 19)
  })

  it('refuse a second one with the same id', async (t) => {
    const { run } = await opened(t)
    await run((tx) => createEntry(tx, full))
    const other = { ...full, selectors: [{ type: 'unix', value: 'uid:2' }] }
    assert.equal((await run((tx) => createEntry(tx, other))).outcome, 'id-taken')
  })

  it('may be created again once deleted', async (t) => {
    const { run, find } = await opened(t)
    await run((tx) => createEntry(tx, full))
    assert.equal((await run((tx) => deleteEntry(tx, full.id)))?.id, full.id)
    assert.equal(await run((tx) => deleteEntry(tx, full.id)), undefined)
    assert.equal(await find(full.id), undefined)
    assert.deepEqual(await run((tx) => createEntry(tx, full)), { outcome: 'written' })
  })

  it('give up what they were similar to when they are updated', async (t) => {
    const { run } = await opened(t)
    await run((tx) => createEntry(tx, full))
    const moved = { ...full, selectors: [{ type: 'unix', value: 'uid:2' }] }
    assert.deepEqual(await run((tx) => updateEntry(tx, moved)), { outcome: 'written' })
    assert.deepEqual(await run((tx) => createEntry(tx, { ...full, id: 'heir' })), {
      outcome: 'written',
    })
    assert.equal((await run((tx) => updateEntry(tx, full))).outcome, 'similar')
    assert.equal((await run((tx) => updateEntry(tx, { ...full, id: 'none' }))).outcome, 'not-found')
    assert.deepEqual(await run((tx) => updateEntry(tx, { ...moved, hint: 'y' })), {
      outcome: 'written',
    })
  })

  it('follow one another in one transaction', async (t) => {
    const { run, find } = await opened(t)
    await run(async (tx) => {
      assert.equal((await createEntry(tx, full)).outcome, 'written')
      assert.equal((await createEntry(tx, { ...full, id: 'twin' })).outcome, 'similar')
      await deleteEntry(tx, full.id)
      assert.equal((await createEntry(tx, { ...full, id: 'twin' })).outcome, 'written')
    })
    assert.equal(await find(full.id), undefined)
    assert.equal((await find('twin'))?.id, 'twin')
  })
})

function withoutUndefined(value: object | undefined): object {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, part]) => part !== undefined))
}
