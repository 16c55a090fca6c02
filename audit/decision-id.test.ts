import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeChainId, makeDecisionId, readDecisionId } from './decision-id.ts'

const bytes = Buffer.from('00443214c74254b635cf', 'hex')

test('a chain id is 80 bits in lower-case base32', () => {
  assert.equal(makeChainId(bytes), 'abcdefghijklmnop')
  assert.equal(makeChainId(Buffer.alloc(10, 0xff)), '7777777777777777')
  assert.throws(() => makeChainId(bytes.subarray(1)), TypeError)
})

test('a decision id says which chain and which record', () => {
  const chain = makeChainId(bytes)
  const id = makeDecisionId(chain, 128)
  assert.equal(id, 'abcdefghijklmnop-128')
  assert.deepEqual(readDecisionId(id), { chain, seq: 128 })
})

test('text that is not exactly a decision id is not read', () => {
  const chain = 'abcdefghijklmnop'
  const texts = [
    '',
    chain,
    `${chain}-`,
    `${chain}-01`,
    `${chain}--1`,
    `${chain}-1.5`,
    ` ${chain}-1`,
  ]
  texts.push(`${chain}-1\n`, `${chain.toUpperCase()}-1`, `${chain.slice(1)}-1`, `${chain}-1e3`)
  texts.push(`${chain}-9999999999999999`)
  for (const text of texts) assert.equal(readDecisionId(text), undefined, text)
  assert.throws(() => makeDecisionId(makeChainId(bytes), -1), TypeError)
  assert.throws(() => makeDecisionId(makeChainId(bytes), 2 ** 53), TypeError)
})
