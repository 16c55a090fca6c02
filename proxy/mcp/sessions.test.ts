import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts'
import { Sessions } from './sessions.ts'

const [a, b] = ['a', 'b'].map((name) => parseSpiffeId(`spiffe://example.org/${name}`))

test('a session is its first owner’s and nobody else’s [MCP-35]', () => {
  assert.ok(a !== undefined && b !== undefined)
  const sessions = new Sessions()
  assert.ok(sessions.bind('one', a))
  assert.ok(sessions.bind('one', a))
  assert.ok(!sessions.bind('one', b))
  assert.ok(sessions.isOwnedBy('one', a))
  assert.ok(!sessions.isOwnedBy('one', b))
  assert.ok(!sessions.isOwnedBy('two', a))
})

test('what is no session id cannot be bound', () => {
  assert.ok(a !== undefined)
  const sessions = new Sessions()
  for (const id of ['', 'a b', 'a\n', 'é', 'x'.repeat(513)]) assert.ok(!sessions.bind(id, a))
})
