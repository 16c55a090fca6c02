/**
 * The canonical text of a record, RFC 8785, as the writer makes it.
 *
 * Written by hand because every call pays for it: it takes a third of the time of the `canonicalize`
 * package (docs/decisions/canonical-form.md). The verifier uses that package, so each checks the
 * other.
 */

/**
 * Members whose value is undefined are left out. Throws TypeError for what has no canonical form or
 * no place in a record: a number that is not finite, a lone surrogate, null.
 */
export function canonicalText(value: object): string {
  return canonicalValue(value)
}

type Members = Readonly<Record<string, unknown>>

function canonicalValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'number':
      // RFC 8785 section 3.2.2.3: as ECMAScript writes it.
      if (Number.isFinite(value)) return `${value}`
      break
    default:
      if (Array.isArray(value)) return `[${value.map(canonicalValue).join(',')}]`
      if (isMembers(value)) return members(value)
  }
  throw new TypeError(`${typeof value} ${String(value)} has no canonical form`)
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null
}

function members(value: Members): string {
  let text = '{'
  let separator = ''
  for (const name of sortedNames(value)) {
    const member = value[name]
    if (member === undefined) continue
    text += separator + quotedName(name) + canonicalValue(member)
    separator = ','
  }
  return `${text}}`
}

/** The few names that the schema has, quoted once, each with its colon. */
const quotedNames = new Map<string, string>()

function quotedName(name: string): string {
  const known = quotedNames.get(name)
  if (known !== undefined) return known
  const quoted = `${quote(name)}:`
  quotedNames.set(name, quoted)
  return quoted
}

// RFC 8785 section 3.2.3: members in the order of their names' UTF-16 units, which is also the
// order that `sort` makes. Records are mostly made in that order.
function sortedNames(value: Members): string[] {
  const names = Object.keys(value)
  for (let at = 1; at < names.length; at++) {
    if ((names[at - 1] ?? '') > (names[at] ?? '')) return names.sort()
  }
  return names
}

const needsEscape = /[^\x20\x21\x23-\x5b\x5d-\x7e]/
const loneSurrogate = /\p{Surrogate}/u

function quote(text: string): string {
  if (!needsEscape.test(text)) return `"${text}"`
  if (loneSurrogate.test(text)) throw new TypeError('a lone surrogate has no canonical form')
  return JSON.stringify(text)
}
