/**
 * Header fields of a request or an answer, read from the raw list that the parser saw.
 *
 * Node's merged header object joins some duplicates and drops others in silence, so nothing here
 * looks at it. What two readers could take differently is refused: underscores in names, bytes
 * beyond ASCII, a second copy of a field that may come once. RFC 9110 section 5, RFC 9112 section 5.
 */

/** Fields by lower-case name, in order of first appearance; values as they came. */
export type HeaderFields = ReadonlyMap<string, readonly string[]>

/** What is wrong with a list of header fields. */
export interface HeaderProblem {
  readonly problem: 'too-many' | 'refused'
  /** Says which field; names from outside are bounded. */
  readonly detail: string
}

/** Fields that mean something only once. */
const singletons: ReadonlySet<string> = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'date',
  'expect',
  'from',
  'host',
  'if-modified-since',
  'if-range',
  'if-unmodified-since',
  'last-event-id',
  'max-forwards',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'origin',
  'proxy-authorization',
  'range',
  'referer',
  'traceparent',
  'transfer-encoding',
  'user-agent',
])

/** Each `Mcp-Param-*` names one argument. */
const singletonPrefix = 'mcp-param-'

const name = /^[A-Za-z0-9!#$%&'*+.^`|~-]+$/
const value = /^[\t\x20-\x7e]*$/

/** Reads the flat list of names and values that Node calls `rawHeaders`. */
export function readRequestFields(
  raw: readonly string[],
  maxFields: number,
): HeaderFields | HeaderProblem {
  if (raw.length > 2 * maxFields)
    return { problem: 'too-many', detail: `more than ${maxFields} header fields` }
  const fields = new Map<string, string[]>()
  for (const [rawName, text] of pairs(raw)) {
    if (!name.test(rawName)) return refused('name', rawName)
    if (!value.test(text)) return refused('value of', rawName)
    const lower = rawName.toLowerCase()
    const present = fields.get(lower)
    if (present === undefined) fields.set(lower, [text])
    else if (singletons.has(lower) || lower.startsWith(singletonPrefix))
      return refused('second', rawName)
    else present.push(text)
  }
  return fields
}

/** An answer comes from the app: its fields are passed on, except what cannot be a field. */
export function readAnswerFields(raw: readonly string[]): HeaderFields {
  const fields = new Map<string, string[]>()
  for (const [rawName, text] of pairs(raw)) {
    if (!name.test(rawName) || !value.test(text)) continue
    const lower = rawName.toLowerCase()
    const present = fields.get(lower)
    if (present === undefined) fields.set(lower, [text])
    else present.push(text)
  }
  return fields
}

/** The value of a field that comes at most once, or undefined. */
export function only(fields: HeaderFields, lowerName: string): string | undefined {
  return fields.get(lowerName)?.[0]
}

/** The flat list that Node writes, each value a line of its own. */
export function flatFields(fields: HeaderFields): string[] {
  return [...fields].flatMap(([lower, values]) => values.flatMap((text) => [lower, text]))
}

export function isHeaderProblem(read: HeaderFields | HeaderProblem): read is HeaderProblem {
  return 'problem' in read
}

function* pairs(raw: readonly string[]): Generator<[name: string, value: string]> {
  for (let at = 0; at + 1 < raw.length; at += 2) yield [raw[at] ?? '', raw[at + 1] ?? '']
}

function refused(what: string, rawName: string): HeaderProblem {
  return {
    problem: 'refused',
    detail: `${what} header field ${JSON.stringify(rawName.slice(0, 64))}`,
  }
}
