/**
 * The canonical text of a record, RFC 8785, as the writer makes it.
 *
 * Written by hand because it is paid for by every call: about a third of the time of the
 * `canonicalize` package (docs/decisions/canonical-form.md), which the verifier uses, so that each
 * checks the other.
 */

/**
 * Members whose value is undefined are left out. Throws TypeError for what has no canonical form: a
 * number that is not finite, a string with a lone surrogate.
 */
export function canonicalText(value: object): string {
  return canonicalValue(value)
}

function canonicalValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`)
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      return Array.isArray(value) ? `[${value.map(canonicalValue).join(',')}]` : object(value)
    default:
      throw new TypeError(`a ${typeof value} has no JSON form`)
  }
}

function object(value: object): string {
  let text = ''
  for (const [name, member] of sortedMembers(value)) {
    if (member === undefined) continue
    text += `${text === '' ? '' : ','}${quote(name)}:${canonicalValue(member)}`
  }
  return `{${text}}`
}

// RFC 8785 section 3.2.3: members in the order of their names' UTF-16 units, which is what `<` is.
function sortedMembers(value: object): [string, unknown][] {
  const members = Object.entries(value)
  for (let at = 1; at < members.length; at++) {
    if ((members[at - 1]?.[0] ?? '') > (members[at]?.[0] ?? '')) return members.sort(byName)
  }
  return members
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

const needsNoEscape = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
const loneSurrogate = /\p{Surrogate}/u

function quote(text: string): string {
  if (needsNoEscape.test(text)) return `"${text}"`
  if (loneSurrogate.test(text)) throw new TypeError('a lone surrogate has no canonical form')
  return JSON.stringify(text)
}
