/** A clock that stands still until a test moves it. */

import type { Clock } from '../../runtime/clock.ts'

export class FakeClock implements Clock {
  #now: number

  constructor(start: Date = new Date('2026-01-01T00:00:00.000Z')) {
    this.#now = start.getTime()
  }

  now(): Date {
    return new Date(this.#now)
  }

  /** Moves the time, back for negative seconds. */
  advance(seconds: number): void {
    this.#now += seconds * 1000
  }

  set(at: Date): void {
    this.#now = at.getTime()
  }
}
