import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deadlines } from '../../runtime/deadlines.ts'
import { silentLogger } from '../../runtime/log.ts'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { nodeEntry, nodeUpdate } from '../../test/support/node-entries.ts'
import { NodeState } from './node-state.ts'
import type { SignX509Svids } from './sign-x509-svids.ts'
import { X509Svids } from './x509-svids.ts'

function start(sign: SignX509Svids) {
  const clock = new FakeClock()
  const state = new NodeState()
  const deadlines = new Deadlines(clock)
  const svids = new X509Svids({
    state,
    sign,
    clock,
    deadlines,
    log: silentLogger,
    random: () => 0.5,
  })
  const stop = new AbortController()
  const running = svids.run(stop.signal)
  const told = new Promise<void>((resolve) => {
    svids.onChange(() => resolve())
  })
  return {
    clock,
    state,
    svids,
    told,
    close: async () => {
      stop.abort()
      deadlines.close()
      await running
    },
  }
}

function deferred() {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve: () => resolve() }
}

function svid(notAfter: Date) {
  return { svid: { chain: Buffer.of(1), key: Buffer.of(2), notAfter, serial: '1' } }
}

test('an SVID past its end is not given out', async () => {
  const node = start((entries) =>
    Promise.resolve(entries.map(() => svid(new Date(node.clock.now().getTime() + 60_000)))),
  )
  const entry = nodeEntry('a')
  node.state.apply(nodeUpdate({ entries: [entry] }))
  assert.equal(node.svids.isPending('a'), true)
  await node.told
  assert.equal(node.svids.isPending('a'), false)
  assert.equal(node.svids.current(entry)?.serial, '1')
  node.clock.advance(59)
  assert.notEqual(node.svids.current(entry), undefined)
  node.clock.advance(1)
  assert.equal(node.svids.current(entry), undefined)
  await node.close()
})

test('an entry that the server does not sign for waits no longer', async () => {
  const node = start((entries) => Promise.resolve(entries.map(() => ({ problem: 'not allowed' }))))
  const entry = nodeEntry('a')
  node.state.apply(nodeUpdate({ entries: [entry] }))
  await node.told
  assert.equal(node.svids.isPending('a'), false)
  assert.equal(node.svids.current(entry), undefined)
  await node.close()
})

test('an entry that is removed while it is signed for leaves nothing behind', async () => {
  const [asked, answer] = [deferred(), deferred()]
  const node = start(async (entries) => {
    asked.resolve()
    await answer.promise
    return entries.map(() => svid(new Date(node.clock.now().getTime() + 60_000)))
  })
  node.state.apply(nodeUpdate({ entries: [nodeEntry('a')] }))
  await asked.promise
  node.state.apply(nodeUpdate({ deleted: ['a'] }))
  answer.resolve()
  await node.told
  assert.equal(node.svids.count, 0)
  await node.close()
})

test('those without an SVID are signed for first, in batches', async () => {
  const batches: number[] = []
  const node = start((entries) => {
    batches.push(entries.length)
    return Promise.resolve(entries.map(() => svid(new Date(node.clock.now().getTime() + 60_000))))
  })
  const entries = Array.from({ length: 250 }, (_, at) => nodeEntry(`e${at}`))
  node.state.apply(nodeUpdate({ entries }))
  const all = new Promise<void>((resolve) => {
    node.svids.onChange(() => {
      if (node.svids.count === 250) resolve()
    })
  })
  await all
  assert.deepEqual(batches, [100, 100, 50])
  await node.close()
})
