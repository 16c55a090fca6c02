/**
 * Strict shapes of plain JSON values: every member known, every text bounded. A shape is a type
 * guard that notes the first thing it did not expect.
 */

/** Where a value departed from its shape. */
export interface Departure {
  /** Member names from the outside in. */
  path: string[]
  expected: string
}

export type Shape<T> = (value: unknown, departure: Departure) => value is T

type OptionalKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T]

/** The shape of each member that must be there. */
type Required<T> = { readonly [K in Exclude<keyof T, OptionalKeys<T>>]: Shape<T[K]> }
/** The shape of each member that may be missing. */
type Optional<T> = { readonly [K in OptionalKeys<T>]-?: Shape<Exclude<T[K], undefined>> }

/** An object with these members and no others. */
export function object<T extends object>(required: Required<T>, optional: Optional<T>): Shape<T> {
  const must = new Map<string, Shape<unknown>>(Object.entries(required))
  const may = new Map<string, Shape<unknown>>(Object.entries(optional))
  return (value, departure): value is T => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return expected(departure, 'an object')
    let found = 0
    for (const [name, member] of Object.entries(value)) {
      const needed = must.get(name)
      const shape = needed ?? may.get(name)
      if (shape === undefined) return expected(departure, 'no such member', name)
      if (!shape(member, departure)) return within(departure, name)
      if (needed !== undefined) found++
    }
    if (found === must.size) return true
    const missing = [...must.keys()].find((name) => !Object.hasOwn(value, name)) ?? ''
    return expected(departure, 'a value', missing)
  }
}

/** A list of at most `max` items. */
export function list<T>(item: Shape<T>, max: number): Shape<readonly T[]> {
  return (value, departure): value is readonly T[] => {
    if (!Array.isArray(value)) return expected(departure, 'a list')
    if (value.length > max) return expected(departure, `at most ${max} items`)
    return value.every((each, at) => item(each, departure) || within(departure, `${at}`))
  }
}

/** A string for which `test` holds. */
export function text<T extends string>(
  expectation: string,
  test: (value: string) => value is T,
): Shape<T>
export function text(expectation: string, test: (value: string) => boolean): Shape<string>
export function text(expectation: string, test: (value: string) => boolean): Shape<string> {
  return (value, departure): value is string =>
    (typeof value === 'string' && test(value)) || expected(departure, expectation)
}

/** Any string of at most `max` UTF-16 units. */
export function anyText(max: number): Shape<string> {
  return text(`a string of at most ${max} characters`, (value) => value.length <= max)
}

export function oneOf<T extends string | number>(...choices: readonly T[]): Shape<T> {
  return (value, departure): value is T =>
    choices.some((choice) => choice === value) || expected(departure, choices.join(' or '))
}

/** An integer from `min` up. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Shape<number> {
  return (value, departure): value is number =>
    (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) ||
    expected(departure, `an integer of at least ${min}`)
}

/** A number that is neither negative nor infinite. */
export const amount: Shape<number> = (value, departure): value is number =>
  (typeof value === 'number' && value >= 0 && Number.isFinite(value)) ||
  expected(departure, 'a number of at least 0')

function expected(departure: Departure, what: string, ...path: string[]): false {
  departure.expected = what
  departure.path = path
  return false
}

function within(departure: Departure, name: string): false {
  departure.path.unshift(name)
  return false
}
