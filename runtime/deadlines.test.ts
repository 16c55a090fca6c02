import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from '../test/support/fake-clock.ts'
import { Deadlines } from './deadlines.ts'

interface Under {
  readonly clock: FakeClock
  readonly deadlines: Deadlines
  /** A date so many seconds from now. */
  in(seconds: number): Date
  /** Resolves when a deadline at this date has come. */
  reached(at: Date): Promise<void>
}

function start(t: TestContext): Under {
  const clock = new FakeClock()
  const deadlines = new Deadlines(clock)
  // Deadlines alone keep no process alive.
  const alive = setTimeout(() => assert.fail('nothing came'), 60_000)
  t.after(() => {
    clearTimeout(alive)
    deadlines.close()
  })
  return {
    clock,
    deadlines,
    in: (seconds) => new Date(clock.now().getTime() + seconds * 1000),
    reached: (at) =>
      new Promise((resolve) => {
        deadlines.at(at, resolve)
      }),
  }
}

test('a deadline that has passed already runs, and never inside the call that sets it', async (t) => {
  const { deadlines, in: inSeconds } = start(t)
  let isInside = true
  await new Promise<void>((resolve) => {
    deadlines.at(inSeconds(-1), () => {
      assert.equal(isInside, false)
      resolve()
    })
    isInside = false
  })
})

test('a deadline months away waits for the clock, and a jump of the clock reaches it', async (t) => {
  const { clock, deadlines, in: inSeconds, reached } = start(t)
  const far = 60 * 24 * 3600
  let hasCome = false
  const come = new Promise<void>((resolve) => {
    deadlines.at(inSeconds(far), () => {
      hasCome = true
      resolve()
    })
  })
  await reached(inSeconds(0))
  assert.equal(hasCome, false)
  clock.advance(far - 1)
  await reached(inSeconds(0))
  assert.equal(hasCome, false)
  clock.advance(1)
  await come
})

test('a clock that goes back puts a deadline off', async (t) => {
  const { clock, deadlines, in: inSeconds, reached } = start(t)
  let hasCome = false
  const come = new Promise<void>((resolve) => {
    deadlines.at(inSeconds(10), () => {
      hasCome = true
      resolve()
    })
  })
  clock.advance(-100)
  await reached(inSeconds(0))
  clock.advance(100)
  await reached(inSeconds(0))
  assert.equal(hasCome, false)
  clock.advance(10)
  await come
})

test('deadlines come in the order of their time, whatever order they were set in', async (t) => {
  const offsets = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 200 })
  for (const list of fc.sample(offsets, 5)) {
    const { clock, deadlines, in: inSeconds, reached } = start(t)
    const order: number[] = []
    for (const offset of list) deadlines.at(inSeconds(offset), () => order.push(offset))
    const last = reached(inSeconds(1000))
    clock.advance(1000)
    await last
    assert.deepEqual(
      order,
      [...list].sort((a, b) => a - b),
    )
  }
})

test('a cancelled deadline never comes, not even when another one due with it cancels it', async (t) => {
  const { clock, deadlines, in: inSeconds, reached } = start(t)
  deadlines.at(inSeconds(1), () => assert.fail('was cancelled')).cancel()
  let second: { cancel(): void } | undefined
  deadlines.at(inSeconds(2), () => second?.cancel())
  second = deadlines.at(inSeconds(3), () => assert.fail('was cancelled by the one before'))
  const last = reached(inSeconds(4))
  clock.advance(10)
  await last
})

test('a deadline may set the next one', async (t) => {
  const { clock, deadlines, in: inSeconds } = start(t)
  const turns: number[] = []
  await new Promise<void>((resolve) => {
    const next = (turn: number): void => {
      turns.push(turn)
      if (turn === 3) resolve()
      else deadlines.at(inSeconds(0), () => next(turn + 1))
    }
    deadlines.at(inSeconds(5), () => next(1))
    clock.advance(5)
  })
  assert.deepEqual(turns, [1, 2, 3])
})

test('after closing nothing comes any more', async (t) => {
  const closed = start(t)
  closed.deadlines.at(closed.in(0), () => assert.fail('was closed'))
  closed.deadlines.close()
  const other = start(t)
  await other.reached(other.in(0))
  await other.reached(other.in(0))
})
