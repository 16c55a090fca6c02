/** Match behaviours on the wire; both kinds of match use the same four names. */

import type { MatchBehavior } from '../../registration/match.ts'

const behaviors: Readonly<Record<string, MatchBehavior>> = {
  MATCH_EXACT: 'exact',
  MATCH_SUBSET: 'subset',
  MATCH_SUPERSET: 'superset',
  MATCH_ANY: 'any',
}

/** Undefined for a number that has no name yet. */
export function matchBehaviorOf(wire: string | number): MatchBehavior | undefined {
  return Object.hasOwn(behaviors, wire) ? behaviors[wire] : undefined
}
