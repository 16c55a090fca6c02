import assert from 'node:assert/strict'
import { test } from 'node:test'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { canonicalText } from './canonical.ts'

test('the writer and the verifier agree on the canonical form of anything a record can hold', () => {
  const text = fc.string({ unit: 'binary' })
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.double({ noDefaultInfinity: true, noNaN: true }),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(text, tie('value'), { maxKeys: 6 }),
    ),
  }))
  const object = fc.dictionary(text, value)
  fc.assert(
    fc.property(object, (members) => {
      assert.equal(canonicalText(members), canonicalize(members))
      assert.deepEqual(JSON.parse(canonicalText(members)), JSON.parse(JSON.stringify(members)))
    }),
    { numRuns: 2000 },
  )
})

test('members come in the order of their UTF-16 units and numbers as ECMAScript writes them', () => {
  const value = { '\u20ac': 1e21, '\r': 0.000001, '1': 333333333.3333333, '\ud83d\ude00': -0, é: 1 }
  assert.equal(
    canonicalText(value),
    '{"\\r":0.000001,"1":333333333.3333333,"é":1,"€":1e+21,"😀":0}',
  )
})

test('absent members are left out', () => {
  assert.equal(canonicalText({ b: undefined, a: 'x' }), '{"a":"x"}')
})

test('what has no canonical form is refused', () => {
  for (const value of [Number.NaN, Infinity, '\ud800', '\udc00x', null, 1n, [undefined]])
    assert.throws(() => canonicalText({ value }), TypeError)
})
