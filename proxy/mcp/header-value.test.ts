import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts'

test('any text comes back from its header value, which is visible ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const value = encodeHeaderValue(text)
      assert.match(value, /^[\x20-\x7e]*$/)
      assert.equal(decodeHeaderValue(value), text)
    }),
  )
})

test('a name that looks encoded is encoded itself', () => {
  const name = '=?base64?YQ==?='
  assert.notEqual(encodeHeaderValue(name), name)
  assert.equal(decodeHeaderValue(name), 'a')
})

test('only one encoding of each text is accepted [MCP-31]', () => {
  for (const value of [
    '=?base64?@@?=',
    '=?base64?YQ?=',
    '=?base64?YR==?=',
    '=?base64?_w==?=',
    '=?base64?/w==?=',
    '=?BASE64?YQ==?=',
    '=?base64?YQ== ?=',
  ])
    assert.equal(decodeHeaderValue(value), undefined, value)
})
