import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  activateNextAt,
  backdateMs,
  clockToleranceMs,
  dueStep,
  isUsable,
  nextStepAt,
  prepareNextAt,
  type Scheduled,
} from './authority-schedule.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const day = 24 * 3600

function at(seconds: number): Date {
  return new Date(start + seconds * 1000)
}

/** Made at `from`, for so many seconds. */
function authority(state: Scheduled['state'], from: number, lifetime: number): Scheduled {
  return {
    state,
    notBefore: new Date(at(from).getTime() - backdateMs),
    notAfter: at(from + lifetime),
  }
}

describe('the schedule of authorities', () => {
  const table = [
    { lifetime: 60, prepare: 30, activate: 50 },
    { lifetime: day, prepare: day / 2, activate: day - day / 6 },
    { lifetime: 365 * day, prepare: 335 * day, activate: 358 * day },
  ]
  for (const { lifetime, prepare, activate } of table) {
    it(`prepares and activates at SPIRE's fractions of ${lifetime} s [EDGE-19]`, () => {
      const active = authority('active', 0, lifetime)
      assert.deepEqual(prepareNextAt(active), at(prepare))
      assert.deepEqual(activateNextAt(active), at(activate))
      assert.equal(dueStep([active], at(prepare - 1)), undefined)
      assert.deepEqual(nextStepAt([active], at(0)), at(prepare))
      assert.equal(dueStep([active], at(prepare)), 'prepare')
      const both = [active, authority('prepared', prepare, lifetime)]
      assert.equal(dueStep(both, at(activate - 1)), undefined)
      assert.deepEqual(nextStepAt(both, at(prepare)), at(activate))
      assert.equal(dueStep(both, at(activate)), 'activate')
    })
  }

  it('prepares and activates at once where nothing is active', () => {
    assert.equal(dueStep([], at(0)), 'prepare')
    assert.equal(dueStep([authority('prepared', 0, 60)], at(0)), 'activate')
    assert.deepEqual(nextStepAt([], at(0)), at(0))
  })

  it('starts anew after the clock jumped over the end of everything', () => {
    const both = [authority('active', 0, 60), authority('prepared', 30, 60)]
    assert.equal(dueStep(both, at(75)), 'activate')
    assert.equal(dueStep(both, at(1000)), 'prepare')
  })

  it('takes no authority from the future, but bears a clock that goes back a little', () => {
    const active = authority('active', 0, day)
    assert.equal(isUsable(active, new Date(active.notBefore.getTime() - clockToleranceMs)), true)
    assert.equal(
      dueStep([active], new Date(active.notBefore.getTime() - clockToleranceMs - 1)),
      'prepare',
    )
  })

  it('never counts an old authority', () => {
    assert.equal(dueStep([authority('old', 0, day)], at(1)), 'prepare')
  })
})
