/** Where the time comes from. Whatever compares instants takes a Clock, so that a test can move it. */

export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }
