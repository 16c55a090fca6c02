/**
 * Rate limits by caller address, as SPIRE has them: who is too fast waits, only more than a burst
 * at once is refused. Beyond SPIRE: nobody waits longer than half a minute, and how many addresses
 * are remembered is bounded.
 */

import { pause } from '../../runtime/backoff.ts'
import type { Clock } from '../../runtime/clock.ts'
import { Failure } from '../../runtime/failure.ts'

export interface Rate {
  readonly perSecond: number
  /** How many may come at once. */
  readonly burst: number
}

const limits = { waitMs: 25_000, addresses: 10_000 } as const

/** `undefined` as the key is never limited: callers without an address. */
export interface RateLimit {
  /** Resolves when `count` may go on. Throws a Failure when that is too many or too far away. */
  take(key: string | undefined, count: number, signal: AbortSignal): Promise<void>
}

export const noRateLimit: RateLimit = { take: () => Promise.resolve() }

export function rateLimit(rate: Rate, clock: Clock): RateLimit {
  // By address: when its bucket will be full again, in milliseconds.
  const fullAt = new Map<string, number>()
  const msPerItem = 1000 / rate.perSecond
  return {
    take: async (key, count, signal) => {
      if (key === undefined) return
      if (count > rate.burst)
        throw new Failure(
          'resource-exhausted',
          `rate (${count}) exceeds burst size (${rate.burst})`,
        )
      const now = clock.now().getTime()
      const full = Math.max(fullAt.get(key) ?? now, now) + count * msPerItem
      const waitMs = full - rate.burst * msPerItem - now
      if (waitMs > limits.waitMs)
        throw new Failure('resource-exhausted', 'too many requests are waiting already')
      if (!fullAt.has(key) && fullAt.size >= limits.addresses) forget(fullAt, now)
      fullAt.set(key, full)
      if (waitMs > 0) await pause(waitMs, signal)
      if (signal.aborted) throw new Failure('cancelled', 'the call is over')
    },
  }
}

/** Drops the addresses whose buckets are full; when none is, those that were seen first. */
function forget(fullAt: Map<string, number>, now: number): void {
  for (const [key, full] of fullAt) if (full <= now) fullAt.delete(key)
  for (const key of fullAt.keys()) {
    if (fullAt.size < limits.addresses) return
    fullAt.delete(key)
  }
}
