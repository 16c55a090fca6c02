import assert from 'node:assert/strict'
import test from 'node:test'
import { Turns } from './turns.ts'

test('so many run, so many wait, and the rest is turned away', async () => {
  const turns = new Turns(2, 1)
  const running: (() => void)[] = []
  const work = async (): Promise<string> => {
    await new Promise<void>((resolve) => running.push(resolve))
    return 'done'
  }
  const results = [turns.take(work), turns.take(work), turns.take(work)]
  assert.equal(await turns.take(work), undefined)
  assert.equal(running.length, 2)
  running[0]?.()
  assert.equal(await results[0], 'done')
  assert.equal(running.length, 3)
  for (const finish of running) finish()
  assert.deepEqual(await Promise.all(results), ['done', 'done', 'done'])
})

test('work that fails gives its place back', async () => {
  const turns = new Turns(1, 0)
  const fail = async (): Promise<never> => {
    throw new Error('no')
  }
  await assert.rejects(turns.take(fail), /no/)
  assert.equal(await turns.take(async () => 1), 1)
})
