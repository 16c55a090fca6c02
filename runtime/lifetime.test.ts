import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lifetime } from './lifetime.ts'

test('what was opened last is closed first, each one awaited, after the signal', async () => {
  const lifetime = new Lifetime()
  const order: string[] = []
  lifetime.signal.addEventListener('abort', () => order.push('signal'))
  lifetime.defer(() => {
    order.push('first')
  })
  const owned = lifetime.own({
    close: async () => {
      await Promise.resolve()
      order.push('second')
    },
  })
  assert.equal(typeof owned.close, 'function')
  lifetime.defer(() => {
    order.push('third')
  })
  await lifetime.close()
  assert.deepEqual(order, ['signal', 'third', 'second', 'first'])
})

test('closing again waits for the first time and closes nothing twice', async () => {
  const lifetime = new Lifetime()
  let closed = 0
  lifetime.defer(async () => {
    await Promise.resolve()
    closed++
  })
  await Promise.all([lifetime.close(), lifetime.close()])
  await lifetime.close()
  assert.equal(closed, 1)
})

test('one that fails to close keeps no other open, and every failure is told', async () => {
  const lifetime = new Lifetime()
  let closed = 0
  lifetime.defer(() => {
    closed++
  })
  lifetime.defer(() => {
    throw new Error('one')
  })
  lifetime.defer(() => Promise.reject(new Error('two')))
  await assert.rejects(lifetime.close(), (error: unknown) => {
    assert.ok(error instanceof AggregateError)
    assert.deepEqual(error.errors.map(String), ['Error: two', 'Error: one'])
    return true
  })
  assert.equal(closed, 1)
  const alone = new Lifetime()
  alone.defer(() => {
    throw new Error('alone')
  })
  await assert.rejects(alone.close(), /^Error: alone$/)
})

test('nothing is taken on once closing has begun', async () => {
  const lifetime = new Lifetime()
  await lifetime.close()
  assert.throws(() => lifetime.defer(() => undefined), TypeError)
})
