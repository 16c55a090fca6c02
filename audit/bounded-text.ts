/**
 * Texts from outside, made fit for a record: well formed and of a bounded length.
 *
 * A text within its limit is recorded as it is, whatever is in it. A longer one keeps its beginning
 * and the digest of the whole, so that nobody escapes the record by being verbose.
 */

import { hash } from 'node:crypto'

/** Most UTF-16 units of each kind of text in a record. */
export const textLimits = {
  address: 256,
  detail: 2048,
  method: 256,
  name: 256,
  path: 8192,
  route: 512,
  tool: 1024,
} as const

/** `text` itself when it has at most `max` characters; lone surrogates become U+FFFD. */
export function boundText(text: string, max: number): string {
  const wellFormed = loneSurrogate.test(text) ? text.replace(everyLoneSurrogate, '\ufffd') : text
  if (wellFormed.length <= max) return wellFormed
  const note = `...[${wellFormed.length} characters, sha256 ${hash('sha256', wellFormed, 'hex')}]`
  return wellFormed.slice(0, max - note.length).replace(everyLoneSurrogate, '') + note
}

const loneSurrogate = /\p{Surrogate}/u
const everyLoneSurrogate = /\p{Surrogate}/gu
