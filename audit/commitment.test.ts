import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { commit, StreamCommitment } from './commitment.ts'

const salt = Buffer.alloc(32, 7)

test('a commitment is SHA-256 over domain, salt, kind and bytes', () => {
  const expected = createHash('sha256')
    .update('countersign/audit/commitment/v1\0')
    .update(salt)
    .update('body\0')
    .update('hello')
    .digest('hex')
  assert.equal(commit('body', salt, Buffer.from('hello')), expected)
})

test('the same bytes under another salt or as another thing are another commitment', () => {
  const bytes = Buffer.from('hello')
  const made = [
    commit('body', salt, bytes),
    commit('head', salt, bytes),
    commit('body', Buffer.alloc(32, 8), bytes),
  ]
  assert.equal(new Set(made).size, 3)
})

test('a stream is committed to however it is cut', () => {
  const streamed = new StreamCommitment('answer', salt)
    .add(Buffer.from('he'))
    .add(Buffer.from('llo'))
  assert.equal(streamed.finish(), commit('answer', salt, Buffer.from('hello')))
})

test('a short salt is refused', () => {
  assert.throws(() => commit('body', salt.subarray(1), Buffer.from('x')), TypeError)
})
