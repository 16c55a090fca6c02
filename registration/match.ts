/** The four ways to match a set against a wanted one: selectors and federated trust domains. */

/**
 * How `found` must stand to `wanted`: `exact` the same, `subset` nothing else than wanted,
 * `superset` everything wanted, `any` something wanted.
 */
export type MatchBehavior = 'exact' | 'subset' | 'superset' | 'any'

/** Whether the set matches; a subset is never empty, as an empty set has nothing of what is wanted. */
export function matchesSet(
  found: ReadonlySet<string>,
  wanted: ReadonlySet<string>,
  behavior: MatchBehavior,
): boolean {
  switch (behavior) {
    case 'exact':
      return found.size === wanted.size && hasAll(found, wanted)
    case 'subset':
      return found.size > 0 && hasAll(wanted, found)
    case 'superset':
      return hasAll(found, wanted)
    case 'any':
      return [...wanted].some((item) => found.has(item))
  }
}

/** Whether `items` are all in `set`. */
export function hasAll(set: ReadonlySet<string>, items: Iterable<string>): boolean {
  for (const item of items) if (!set.has(item)) return false
  return true
}
