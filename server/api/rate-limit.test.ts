import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { refusedWith } from '../../test/support/refusals.ts'
import { rateLimit } from './rate-limit.ts'

const { signal } = new AbortController()

test('the second of two at once waits for its turn, another address does not', async () => {
  const limit = rateLimit({ perSecond: 20, burst: 1 }, new FakeClock())
  const order: string[] = []
  const take = async (name: string, key: string) => {
    await limit.take(key, 1, signal)
    order.push(name)
  }
  await Promise.all([take('first', 'a'), take('second', 'a'), take('other', 'b')])
  assert.deepEqual(order, ['first', 'other', 'second'])
})

test('more than a burst at once is refused in the words of SPIRE', async () => {
  const limit = rateLimit({ perSecond: 500, burst: 500 }, new FakeClock())
  await limit.take('a', 500, signal)
  await assert.rejects(
    limit.take('a', 501, signal),
    refusedWith('resource-exhausted', /^rate \(501\) exceeds burst size \(500\)$/),
  )
})

test('a bucket fills again with time', async () => {
  const clock = new FakeClock()
  const limit = rateLimit({ perSecond: 1, burst: 2 }, clock)
  for (let round = 0; round < 3; round++) {
    await limit.take('a', 2, signal)
    clock.advance(2)
  }
})

test('a queue has an end', async () => {
  const limit = rateLimit({ perSecond: 1, burst: 1 }, new FakeClock())
  const ended = new AbortController()
  const waiting = Array.from({ length: 26 }, () => limit.take('a', 1, ended.signal))
  await assert.rejects(limit.take('a', 1, signal), refusedWith('resource-exhausted', /waiting/))
  ended.abort()
  const outcomes = await Promise.allSettled(waiting)
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('callers without an address are not limited', async () => {
  const limit = rateLimit({ perSecond: 1, burst: 1 }, new FakeClock())
  for (let call = 0; call < 100; call++) await limit.take(undefined, 1000, signal)
})

test('addresses are forgotten when there are too many, without harm to those who wait', async () => {
  const limit = rateLimit({ perSecond: 1, burst: 1 }, new FakeClock())
  for (let address = 0; address < 25_000; address++) await limit.take(String(address), 1, signal)
})
