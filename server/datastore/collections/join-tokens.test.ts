import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { parseSpiffeId } from '../../../spiffe/spiffe-id.ts'
import { openStore } from '../../../test/support/ca.ts'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import type { Actor } from './change-record.ts'
import { addJoinToken, consumeJoinToken, pruneJoinTokens } from './join-tokens.ts'
import { type Transaction, transact } from './transaction.ts'

const actor: Actor = { subject: 'uid:0', door: 'private-socket', action: 'test' }

async function opened(t: TestContext) {
  const clock = new FakeClock()
  const store = await openStore(t, clock)
  const run = async <T>(body: (transaction: Transaction) => Promise<T>): Promise<T> =>
    (await transact({ store, clock }, actor, body)).result
  const add = (token: string, seconds: number) =>
    run((tx) => addJoinToken(tx, { token, expiresAt: new Date(tx.now.getTime() + seconds * 1000) }))
  const consume = (token: string) => run((tx) => consumeJoinToken(tx, token))
  return { store, clock, run, add, consume }
}

describe('join tokens', () => {
  it('admit one of fifty that present the same at once [EDGE-16]', async (t) => {
    const { add, consume } = await opened(t)
    assert.equal(await add('secret', 60), true)
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => consume('secret')))
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'consumed').length, 1)
    assert.equal(outcomes.filter(({ outcome }) => outcome === 'unknown').length, 49)
  })

  it('bring the alias that they were made with', async (t) => {
    const { run, clock, consume } = await opened(t)
    const alias = parseSpiffeId('spiffe://example.org/node')
    await run((tx) =>
      addJoinToken(tx, { token: 'a', expiresAt: new Date(clock.now().getTime() + 1), alias }),
    )
    assert.deepEqual(await consume('a'), { outcome: 'consumed', alias })
  })

  it('end with their time, and stay unknown when there never was one [EDGE-16]', async (t) => {
    const { add, consume, clock } = await opened(t)
    await add('a', 10)
    clock.advance(10)
    assert.deepEqual(await consume('a'), { outcome: 'expired' })
    assert.deepEqual(await consume('b'), { outcome: 'unknown' })
  })

  it('are of one text once', async (t) => {
    const { add } = await opened(t)
    await add('a', 10)
    assert.equal(await add('a', 20), false)
  })

  it('are not found in the store', async (t) => {
    const { add, store } = await opened(t)
    await add('the-token-text', 10)
    const { records } = await store.read((snapshot) => snapshot.list(new Uint8Array()))
    for (const { key, value } of records) {
      assert.ok(!Buffer.from(key).includes('the-token-text'))
      assert.ok(!Buffer.from(value).includes('the-token-text'))
    }
  })

  it('are pruned when they have expired', async (t) => {
    const { add, run, clock, consume } = await opened(t)
    for (let n = 0; n < 5; n++) await add(`short-${n}`, 10)
    await add('long', 100)
    clock.advance(50)
    assert.equal(await run(pruneJoinTokens), 5)
    assert.equal((await consume('long')).outcome, 'consumed')
  })
})
