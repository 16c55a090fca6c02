/**
 * DNS names that an entry may carry into a certificate.
 *
 * SPIRE's messages; stricter than SPIRE where its rule lets through what no DNS name can hold.
 */

import { invalid } from './registration-error.ts'

/** Longest name in characters, RFC 1035 section 2.3.4, without the root's dot. */
const maxNameLength = 253

const label = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/

/** Throws a RegistrationError unless this is an ASCII DNS name, `*.` allowed as its first label. */
export function checkDnsName(name: string): void {
  const stars = name.split('*').length - 1
  if (stars > 1) throw refuse('too many wildcards')
  if (stars === 1 && !name.startsWith('*.')) throw refuse('wildcard must be first label')
  const rest = stars === 1 ? name.slice(2) : name
  if (rest.trim() === '') throw refuse('empty or only whitespace')
  if (rest.endsWith('.')) throw refuse('domain ends with dot')
  if (!isAscii(rest)) throw refuse('name must be ascii')
  if (rest.length > maxNameLength) throw refuse(`name is longer than ${maxNameLength} characters`)
  const bad = rest.split('.').find((part) => !label.test(part))
  if (bad !== undefined) throw refuse(`idna error\nidna: invalid label ${JSON.stringify(bad)}`)
}

function isAscii(text: string): boolean {
  return Array.from(text).every((character) => character < '\u0080')
}

function refuse(message: string): Error {
  return invalid(`invalid DNS name: ${message}`)
}
