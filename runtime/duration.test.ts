import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatDurationMs, parseDurationMs } from './duration.ts'

test('durations are read as Go reads them', () => {
  const expected: Readonly<Record<string, number>> = {
    '0': 0,
    '0s': 0,
    '1h30m': 5_400_000,
    '24h': 86_400_000,
    '500ms': 500,
    '1.5s': 1500,
    '.5s': 500,
    '1s500ms': 1500,
    '30s1m': 90_000,
    '-2m': -120_000,
    '+2m': 120_000,
    '250us': 0.25,
    '250µs': 0.25,
    '1000000ns': 1,
  }
  for (const [text, ms] of Object.entries(expected)) assert.equal(parseDurationMs(text), ms, text)
})

test('what is no duration is none [BAD-2]', () => {
  const texts = ['', '-', '+', '1', '-1', '1.', '1d', 's', '1h ', ' 1h', '1 h', '1e3s', '1.5.5s']
  for (const text of [...texts, '--1s', '1s-1s', '0x1s', '١s', 'NaNs', `${'9'.repeat(64)}h`])
    assert.equal(parseDurationMs(text), undefined, text)
})

test('durations are printed as Go prints them', () => {
  const expected: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [3_600_000, '1h0m0s'],
    [90_000, '1m30s'],
    [1500, '1.5s'],
    [250, '250ms'],
    [0.012345, '12.345µs'],
    [-1000, '-1s'],
    [86_400_000 + 1, '24h0m0.001s'],
  ]
  for (const [ms, text] of expected) assert.equal(formatDurationMs(ms), text)
})

test('what was printed is read again', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), (ms) => {
      assert.equal(Math.round(parseDurationMs(formatDurationMs(ms)) ?? Number.NaN), ms)
    }),
  )
})
