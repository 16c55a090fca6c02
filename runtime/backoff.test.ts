import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backoff, pause } from './backoff.ts'
import { loop } from './loop.ts'

test('each wait is twice the one before, up to the longest, until a success', () => {
  const backoff = new Backoff({ firstMs: 100, mostMs: 1000, random: () => 0.5 })
  const waits = (count: number): number[] => Array.from({ length: count }, () => backoff.nextMs())
  assert.deepEqual(waits(6), [100, 200, 400, 800, 1000, 1000])
  backoff.reset()
  assert.deepEqual(waits(2), [100, 200])
})

test('a wait is off by a quarter at most, either way', () => {
  for (const [random, expected] of [
    [0, 75],
    [1, 125],
  ] as const) {
    const backoff = new Backoff({ firstMs: 100, mostMs: 1000, random: () => random })
    assert.equal(backoff.nextMs(), expected)
  }
  const backoff = new Backoff({ firstMs: 100, mostMs: 100 })
  for (let count = 0; count < 1000; count++) {
    const ms = backoff.nextMs()
    assert.ok(ms >= 75 && ms <= 125)
  }
})

test('a pause ends with its time or with its signal, and leaves no listener', async () => {
  const never = new AbortController().signal
  await pause(1, never)
  const stop = new AbortController()
  const paused = pause(1_000_000_000, stop.signal)
  stop.abort()
  await paused
  await pause(1_000_000_000, stop.signal)
})

test('a loop awaits each turn, and ends with its signal', async () => {
  const stop = new AbortController()
  let turns = 0
  let isInside = false
  await loop(async () => {
    assert.equal(isInside, false)
    isInside = true
    await Promise.resolve()
    isInside = false
    if (++turns === 3) stop.abort()
    return 0
  }, stop.signal)
  assert.equal(turns, 3)
  await loop(() => assert.fail('was aborted'), stop.signal)
})

test('a turn that throws ends the loop with its error', async () => {
  const failing = loop(() => Promise.reject(new Error('turn')), new AbortController().signal)
  await assert.rejects(failing, /turn/)
})
