/** The bytes that a call was decided on, for the record's commitments. DESIGN.md section 6. */

import type { DecidedOn } from '../record/journal.ts'
import type { ReadCall } from './decide.ts'

/** The head as it goes on, without what the caller proves itself with; the body where it was read. */
export function decidedOn(read: ReadCall): DecidedOn {
  const { routed, target, fields, decidedBody } = read
  const lines = [`${routed.head.method} ${target}`]
  for (const [name, values] of fields)
    if (!credentials.has(name)) lines.push(...values.map((value) => `${name}: ${value}`))
  const head = Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'utf8')
  return decidedBody === undefined ? { head } : { head, body: decidedBody }
}

const credentials: ReadonlySet<string> = new Set(['authorization', 'cookie'])
