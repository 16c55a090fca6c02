import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonNumber } from './number.ts'

const number = (text: string) => new JsonNumber(text)

test('a safe integer is one that every reader agrees on, in its shortest form', () => {
  for (const [text, expected] of [
    ['0', 0],
    ['-7', -7],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['9007199254740992', undefined],
    ['9007199254740993', undefined],
    ['-0', undefined],
    ['1.0', undefined],
    ['1e3', undefined],
    ['1.5', undefined],
    ['1e25', undefined],
  ] as const) {
    assert.equal(number(text).safeInteger(), expected, text)
  }
})

test('an integer of any size is exact as a BigInt', () => {
  for (const [text, expected] of [
    ['9007199254740993', 9007199254740993n],
    ['9223372036854775808', 2n ** 63n],
    ['-0', 0n],
    ['123456789012345678901234567890', 123456789012345678901234567890n],
    ['1.0', undefined],
    ['1e3', undefined],
  ] as const) {
    assert.equal(number(text).bigInteger(), expected, text)
  }
})

test('a double says whether it stands for the number that was written', () => {
  for (const [text, value, isExact] of [
    ['9007199254740991', 2 ** 53 - 1, true],
    ['9007199254740992', 2 ** 53, true],
    ['9007199254740993', 2 ** 53, false],
    ['9223372036854775808', 2 ** 63, true],
    ['9223372036854775807', 2 ** 63, false],
    ['9223372036854776000', 2 ** 63, false],
    ['9.223372036854775808e18', 2 ** 63, true],
    ['1e400', Number.POSITIVE_INFINITY, false],
    ['-1e400', Number.NEGATIVE_INFINITY, false],
    ['1e-400', 0, false],
    ['0e400', 0, true],
    ['0e99999999999999999999', 0, true],
    ['1e99999999999999999999', Number.POSITIVE_INFINITY, false],
    ['-0', -0, true],
    ['1.0', 1, true],
    ['-1.50', -1.5, true],
    ['1e22', 1e22, true],
    ['1e23', 1e23, false],
    ['0.1', 0.1, true],
    ['1e-1', 0.1, true],
    ['0.1000000000000000055511151231257827', 0.1, false],
    ['0.30000000000000004', 0.1 + 0.2, true],
    ['0.300000000000000041', 0.1 + 0.2, false],
    ['5e-324', 5e-324, true],
    ['123456789012345678901234567890', 1.2345678901234568e29, false],
  ] as const) {
    assert.deepEqual(number(text).double(), { value, isExact }, text)
  }
})

test('a double up to 2^53 stands for its own shortest text', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const isSmall = Math.abs(value) <= 2 ** 53
      const found = number(JSON.stringify(value)).double()
      assert.ok(Object.is(found.value, value) || value === 0)
      if (isSmall) assert.ok(found.isExact)
    }),
  )
})

test('two different numbers never have the same exact double', () => {
  const digits = fc
    .integer({ min: 15, max: 22 })
    .chain((size) =>
      fc.tuple(
        fc.bigInt({ min: 1n, max: 10n ** BigInt(size) }),
        fc.integer({ min: -25, max: 3 }),
        fc.constantFrom(-1n, 1n, 3n),
      ),
    )
  fc.assert(
    fc.property(digits, ([base, exponent, step]) => {
      const a = number(`${base}e${exponent}`).double()
      const b = number(`${base + step}e${exponent}`).double()
      assert.ok(a.value !== b.value || !(a.isExact && b.isExact))
    }),
    { numRuns: 2000 },
  )
})
