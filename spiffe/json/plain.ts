// JSON as plain JavaScript values, for documents that were read strictly and are now to be looked
// through. Nothing is sent on from here: numbers become doubles, and names that are digits move to
// the front.

import { JsonNumber } from './number.ts'
import { JsonObject, type JsonValue } from './value.ts'

/** Plain values; the objects have no prototype. */
export type PlainJson =
  | null
  | boolean
  | string
  | number
  | readonly PlainJson[]
  | { readonly [name: string]: PlainJson }

/** The value as `JSON.parse` would give it, but for prototypes. */
export function plainJson(value: JsonValue): PlainJson {
  if (value instanceof JsonNumber) return Number(value.text)
  if (value instanceof JsonObject) {
    const plain: { [name: string]: PlainJson } = Object.create(null)
    for (const [name, member] of value.entries()) plain[name] = plainJson(member)
    return plain
  }
  return typeof value === 'object' && value !== null ? value.map(plainJson) : value
}
