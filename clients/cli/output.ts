/** How answers are printed: the JSON that SPIRE's commands print, times as Go prints them. */

import type { FlagSpec } from '../../runtime/flags.ts'

export const outputFlag = {
  kind: 'choice',
  help: 'Desired output format (pretty, json)',
  default: 'pretty',
  choices: ['pretty', 'json'],
  badChoice: 'bad formatter flag: unknown format option:',
} as const satisfies FlagSpec

/**
 * A message as protojson with the proto's field names: keys sorted, bytes in base64, 64-bit integers
 * as text, unset messages left out. One line.
 */
export function messageJson(message: unknown): string {
  return `${JSON.stringify(jsonValue(message))}\n`
}

function jsonValue(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64')
  if (Array.isArray(value)) return value.map(jsonValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, field]) => !name.startsWith('_') && field !== null && field !== undefined)
      .map(([name, field]): [string, unknown] => [protoName(name), jsonValue(field)])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** `x509SvidTtl` to `x509_svid_ttl`; keys of maps (trust domains, IDs) hold no capital letters. */
function protoName(name: string): string {
  return /^[a-z][A-Za-z0-9]*$/.test(name)
    ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    : name
}

/** Seconds since 1970 as `2006-01-02 15:04:05 +0000 UTC`. */
export function goTime(seconds: number | string): string {
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`
}

/** `1 entry`, `2 entries`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

/** Text from outside for a terminal: control and direction characters are shown, not sent. */
export function shown(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The same for text of several lines. */
export function shownLines(text: string): string {
  return text.split('\n').map(shown).join('\n')
}
