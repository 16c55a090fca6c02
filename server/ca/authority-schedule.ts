/**
 * When authorities follow one another. The next one is prepared (published) at NotAfter less half
 * its lifetime, thirty days at most, and activated (used) at NotAfter less a sixth, seven days at
 * most: SPIRE's fractions. Pure, and judged by the wall clock alone, so that it is right after any
 * jump of it.
 */

import type { AuthorityState } from '../datastore/collections/ca-journals.ts'

/** What the schedule looks at. */
export interface Scheduled {
  readonly state: AuthorityState
  readonly notBefore: Date
  readonly notAfter: Date
}

/** How long before its making a certificate begins, for peers whose clock is behind. */
export const backdateMs = 10_000

/** A clock may go back this far before an authority counts as one from the future. */
export const clockToleranceMs = 60_000

const dayMs = 24 * 3600 * 1000

export function prepareNextAt(active: Scheduled): Date {
  return before(active.notAfter, Math.min(lifetimeMs(active) / 2, 30 * dayMs))
}

export function activateNextAt(active: Scheduled): Date {
  return before(active.notAfter, Math.min(lifetimeMs(active) / 6, 7 * dayMs))
}

/** Whether it can sign at this time. */
export function isUsable({ notBefore, notAfter }: Scheduled, now: Date): boolean {
  return notBefore.getTime() <= now.getTime() + clockToleranceMs && now < notAfter
}

/** What is due now; undefined when nothing is. */
export function dueStep(
  authorities: readonly Scheduled[],
  now: Date,
): 'prepare' | 'activate' | undefined {
  const active = usable(authorities, 'active', now)
  const prepared = usable(authorities, 'prepared', now)
  if (active === undefined) return prepared === undefined ? 'prepare' : 'activate'
  if (prepared === undefined) return now >= prepareNextAt(active) ? 'prepare' : undefined
  return now >= activateNextAt(active) ? 'activate' : undefined
}

/** When the next step will be due, if nothing is now. */
export function nextStepAt(authorities: readonly Scheduled[], now: Date): Date {
  const active = usable(authorities, 'active', now)
  if (active === undefined) return now
  const isPrepared = usable(authorities, 'prepared', now) !== undefined
  return isPrepared ? activateNextAt(active) : prepareNextAt(active)
}

/** The one in this state that can sign. */
export function usable<T extends Scheduled>(
  authorities: readonly T[],
  state: AuthorityState,
  now: Date,
): T | undefined {
  return authorities.find((authority) => authority.state === state && isUsable(authority, now))
}

function lifetimeMs({ notBefore, notAfter }: Scheduled): number {
  return notAfter.getTime() - notBefore.getTime() - backdateMs
}

function before(end: Date, ms: number): Date {
  return new Date(end.getTime() - ms)
}
