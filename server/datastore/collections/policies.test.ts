import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { parseSpiffeId } from '../../../spiffe/spiffe-id.ts'
import { openStore } from '../../../test/support/ca.ts'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import type { Actor } from './change-record.ts'
import {
  appPolicies,
  changePolicies,
  policyHistory,
  policyLimits,
  policySource,
} from './policies.ts'
import { transact } from './transaction.ts'

const actor: Actor = { subject: 'uid:0', door: 'private-socket', action: 'test' }
const app = parseSpiffeId('spiffe://example.org/ns/default/inventory')

async function opened(t: TestContext) {
  const clock = new FakeClock()
  const store = await openStore(t, clock)
  const change = async (change: Parameters<typeof changePolicies>[2]) =>
    (await transact({ store, clock }, actor, (tx) => changePolicies(tx, app, change))).result
  return { store, change }
}

function named(list: readonly { name: string; revision: number }[]): string[] {
  return list.map(({ name, revision }) => `${name}@${revision}`)
}

describe('policies of an app', () => {
  it('rise by one revision with each change, and keep their own where they stay', async (t) => {
    const { store, change } = await opened(t)
    const first = await change({
      put: [
        { name: 'b', source: 'B' },
        { name: 'a', source: 'A' },
      ],
    })
    assert.deepEqual(named(first.policies), ['a@1', 'b@1'])
    const second = await change({ put: [{ name: 'b', source: 'B2' }] })
    assert.deepEqual(named(second.policies), ['a@1', 'b@2'])
    const third = await change({ remove: ['a', 'b'], put: [{ name: 'deny-all', source: 'D' }] })
    assert.equal(third.revision, 3)
    const stored = await store.read((snapshot) => appPolicies.get(snapshot, app))
    assert.deepEqual(stored, third)
    const history = await store.read((snapshot) => policyHistory.list(snapshot, { under: [app] }))
    assert.deepEqual(
      history.values.map(({ revision, policies }) => [revision, ...named(policies)]),
      [
        [1, 'a@1', 'b@1'],
        [2, 'a@1', 'b@2'],
        [3, 'deny-all@3'],
      ],
    )
  })

  it('stay as they are when nothing changes', async (t) => {
    const { store, change } = await opened(t)
    const first = await change({ put: [{ name: 'a', source: 'A' }] })
    const revision = await store.read(async (snapshot) => snapshot.revision)
    assert.deepEqual(await change({ put: [{ name: 'a', source: 'A' }], remove: ['none'] }), first)
    assert.equal(await store.read(async (snapshot) => snapshot.revision), revision)
  })

  it('never use a revision again, not after all were removed', async (t) => {
    const { change } = await opened(t)
    await change({ put: [{ name: 'a', source: 'A' }] })
    assert.deepEqual((await change({ remove: ['a'] })).policies, [])
    assert.deepEqual(named((await change({ put: [{ name: 'a', source: 'A' }] })).policies), ['a@3'])
  })

  it('keep every source by its digest [REC-17]', async (t) => {
    const { store, change } = await opened(t)
    await change({ put: [{ name: 'a', source: 'first' }] })
    await change({ put: [{ name: 'a', source: 'second' }] })
    for (const source of ['first', 'second']) {
      const digest = createHash('sha256').update(source).digest('hex')
      assert.equal(await store.read((snapshot) => policySource(snapshot, digest)), source)
    }
    assert.equal(await store.read((snapshot) => policySource(snapshot, 'none')), undefined)
  })

  it('lose no change of two that come at once', async (t) => {
    const { change } = await opened(t)
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => change({ put: [{ name: `p${n}`, source: String(n) }] })),
    )
    const after = await change({})
    assert.equal(after.policies.length, 20)
    assert.equal(after.revision, 20)
  })

  it('refuse more and larger ones than the limits', async (t) => {
    const { change } = await opened(t)
    const over = { code: 'resource-exhausted' }
    const large = 'x'.repeat(policyLimits.sourceBytes + 1)
    await assert.rejects(change({ put: [{ name: 'a', source: large }] }), over)
    const many = Array.from({ length: policyLimits.perApp + 1 }, (_, n) => ({
      name: String(n),
      source: String(n),
    }))
    await assert.rejects(change({ put: many }), over)
  })
})
