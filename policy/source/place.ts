// One value of a policy document together with where it stands, and the few shapes that a policy is
// made of: mapping, list, text. Each reader returns undefined when it has reported a problem.

import { isMap, isScalar, isSeq, type Node } from 'yaml'
import { POLICY_LIMITS } from '../limits.ts'
import { nearestWord } from './did-you-mean.ts'
import type { Problems } from './problems.ts'

/** A value and where it stands. */
export interface Place {
  readonly node: Node | null
  /** Offset in the text. */
  readonly offset: number
  /** Such as `spec.rules[2].mcp`. */
  readonly path: string
  readonly problems: Problems
}

/** Reports a problem with this value. */
export function report(place: Place, message: string, fix: string): void {
  place.problems.add(place.offset, place.path, message, fix)
}

/** Which names a mapping may have, and which of them it must have. */
export interface Shape {
  readonly required: readonly string[]
  readonly optional?: readonly string[]
}

/** The members of a mapping by name; unknown, missing and repeated ones are reported. */
export function readMapping(place: Place, shape: Shape): ReadonlyMap<string, Place> | undefined {
  const { required, optional = [] } = shape
  const known = [...required, ...optional]
  if (!isMap<Node, Node | null>(place.node)) {
    report(
      place,
      `expected a mapping, found ${kindOf(place.node)}`,
      `write ${known.join(', ')} below it`,
    )
    return undefined
  }
  const members = new Map<string, Place>()
  const misspelled = new Set<string>()
  for (const { key, value } of place.node.items) {
    const name = isScalar(key) && typeof key.value === 'string' ? key.value : undefined
    const at = { ...place, offset: key.range?.[0] ?? place.offset }
    if (name === undefined || !known.includes(name)) misspelled.add(reportUnknown(at, name, known))
    else if (members.has(name)) report(at, `expected ${name} once`, 'remove one of the two')
    else members.set(name, member(place, name, value, at.offset))
  }
  for (const name of required) {
    if (!members.has(name) && !misspelled.has(name))
      report(place, `expected ${name}`, `add ${name}`)
  }
  return members
}

/** Reports a name that no member has; answers the one that was likely meant, or ''. */
function reportUnknown(at: Place, name: string | undefined, known: readonly string[]): string {
  const expected = known.length === 0 ? 'nothing here' : `one of ${known.join(', ')}`
  const meant = name === undefined ? undefined : nearestWord(name, known)
  const found = name === undefined ? 'no name' : quoted(name)
  const fix = meant === undefined ? 'remove it' : `did you mean ${meant}?`
  report(at, `expected ${expected}, found ${found}`, fix)
  return meant ?? ''
}

function member(parent: Place, name: string, node: Node | null, offset: number): Place {
  const path = parent.path === '' ? name : `${parent.path}.${name}`
  return { node, offset: node?.range?.[0] ?? offset, path, problems: parent.problems }
}

/** The items of a list of one to `max` items. */
export function readList(
  place: Place,
  what: string,
  limits: { readonly min: number; readonly max: number },
): Place[] | undefined {
  if (!isSeq<Node | null>(place.node)) {
    const found = kindOf(place.node)
    report(place, `expected a list of ${what}, found ${found}`, `write a list: [...]`)
    return undefined
  }
  const { items } = place.node
  if (items.length < limits.min) {
    report(place, `expected at least one of ${what}`, 'add one')
    return undefined
  }
  if (items.length > limits.max) {
    const message = `expected at most ${limits.max} of ${what}, found ${items.length}`
    report(place, message, 'split the list')
    return undefined
  }
  return items.map((node, position) => ({
    node,
    offset: node?.range?.[0] ?? place.offset,
    path: `${place.path}[${position}]`,
    problems: place.problems,
  }))
}

/** A text of one to `maxNameLength` characters, none of them a control character. */
export function readText(place: Place, what: string): string | undefined {
  const { node } = place
  if (!isScalar(node) || typeof node.value !== 'string') {
    const isOther = isScalar(node) && node.value !== null
    const fix = isOther ? `put it in quotes: "${node.source ?? ''}"` : `write ${what}`
    report(place, `expected ${what}, found ${kindOf(node)}`, fix)
    return undefined
  }
  if (isNameText(node.value)) return node.value
  const message = `expected ${what} of 1 to ${POLICY_LIMITS.maxNameLength} printable characters`
  report(place, `${message}, found ${quoted(node.value)}`, `write ${what}`)
  return undefined
}

/** Whether a policy can hold this text as a name of anything. */
export function isNameText(text: string): boolean {
  return (
    text !== '' &&
    text.length <= POLICY_LIMITS.maxNameLength &&
    !/\p{Control}|\p{Surrogate}/u.test(text)
  )
}

/** Whether the value is the text `"*"`. */
export function isStar(place: Place): boolean {
  return isScalar(place.node) && place.node.value === '*'
}

/** One of a few words. */
export function readWord<Word extends string>(
  place: Place,
  words: readonly Word[],
): Word | undefined {
  const found = isScalar(place.node) ? place.node.value : undefined
  const word = words.find((each) => each === found)
  if (word !== undefined) return word
  const near = typeof found === 'string' ? nearestWord(found, words) : undefined
  const shown = typeof found === 'string' ? quoted(found) : kindOf(place.node)
  const fix = near && words.length > 1 ? `did you mean ${near}?` : `write ${words.join(' or ')}`
  report(place, `expected ${words.join(' or ')}, found ${shown}`, fix)
  return undefined
}

/** A text from outside as it may stand in a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text)
}

function kindOf(node: Node | null): string {
  if (isMap(node)) return 'a mapping'
  if (isSeq(node)) return 'a list'
  if (!isScalar(node) || node.value === null) return 'nothing'
  return typeof node.value === 'string' ? quoted(node.value) : `a ${typeof node.value}`
}
