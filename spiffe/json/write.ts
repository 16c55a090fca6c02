// The canonical message: what the reader accepted, with every choice of spelling made one way. Same
// members in the same order, numbers as they came, strings escaped anew, no insignificant white
// space. It is not RFC 8785, which sorts members and rewrites numbers.

import { JsonNumber } from './number.ts'
import { JsonObject, type JsonValue } from './value.ts'

/** The canonical UTF-8 bytes of a value. */
export function writeJson(value: JsonValue): Uint8Array {
  return Buffer.from(text(value), 'utf8')
}

function text(value: JsonValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (value instanceof JsonNumber) return value.text
  return value instanceof JsonObject ? objectText(value) : `[${value.map(text).join(',')}]`
}

function objectText(object: JsonObject): string {
  const names = object.names()
  let members = ''
  for (const [position, value] of object.values().entries()) {
    const separator = position === 0 ? '' : ','
    members += `${separator}${JSON.stringify(names[position])}:${text(value)}`
  }
  return `{${members}}`
}
