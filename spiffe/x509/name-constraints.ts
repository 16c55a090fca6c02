// Name constraints, RFC 5280 section 4.2.1.10: whether the names of a certificate lie within what
// the CAs above it allow. A constraint or name that cannot be understood counts as a violation.

import type { Certificate } from './certificate.ts'
import type { NameConstraints } from './extensions.ts'
import type { GeneralName } from './general-name.ts'
import type { Name } from './name.ts'

/** Most comparisons of a name with a constraint in one certificate path. */
export const maxNameComparisons = 250_000

type Form = GeneralName['form']
type Of<F extends Form> = Extract<GeneralName, { form: F }>

/**
 * Why the names of a certificate violate the constraints of the CAs above it, or undefined when
 * they do not. Each set of constraints applies on its own: one permitted name has to match in each.
 */
export function nameViolation(
  certificate: Certificate,
  constraints: readonly NameConstraints[],
): string | undefined {
  if (constraints.length === 0) return undefined
  const names = namesOf(certificate)
  for (const { permitted, excluded } of constraints) {
    for (const name of names) {
      const violation = violationOf(name, permitted, excluded)
      if (violation !== undefined) return violation
    }
  }
  return undefined
}

/** Number of comparisons that `nameViolation` makes at most, for the budget of a path. */
export function nameComparisons(
  certificate: Certificate,
  constraints: readonly NameConstraints[],
): number {
  const bases = constraints.reduce(
    (sum, one) => sum + one.permitted.length + one.excluded.length,
    0,
  )
  return bases * namesOf(certificate).length
}

/** Why the constraints themselves make no sense, or undefined. */
export function constraintsProblem({ permitted, excluded }: NameConstraints): string | undefined {
  return [...permitted, ...excluded].every(isWellFormedBase)
    ? undefined
    : 'a name constraint is malformed'
}

/**
 * Alternative names, the subject, and the names inside the subject that somebody may still take for
 * one: e-mail addresses, and common names with the look of a host where no DNS name is given.
 */
function namesOf({ subjectName, extensions }: Certificate): GeneralName[] {
  const names: GeneralName[] = [...(extensions.subjectAltNames ?? [])]
  if (!names.some(({ form }) => form === 'dns')) {
    for (const text of subjectName.commonNames) {
      if (hostLikeCommonName.test(text)) names.push({ form: 'dns', text })
    }
  }
  if (subjectName.relativeNames.length > 0) names.push({ form: 'directory', name: subjectName })
  for (const text of subjectName.emailAddresses) names.push({ form: 'email', text })
  return names
}

function violationOf(
  name: GeneralName,
  permitted: readonly GeneralName[],
  excluded: readonly GeneralName[],
): string | undefined {
  const allowed = permitted.filter((base) => isSameForm(base, name))
  const forbidden = excluded.filter((base) => isSameForm(base, name))
  if (allowed.length === 0 && forbidden.length === 0) return undefined
  if (!isComparable(name))
    return `a name of form ${name.form} cannot be held against name constraints`
  if (forbidden.some((base) => isWithin(name, base, 'excluded'))) {
    return `a name of form ${name.form} is excluded by a CA above`
  }
  return allowed.length === 0 || allowed.some((base) => isWithin(name, base, 'permitted'))
    ? undefined
    : `a name of form ${name.form} is not permitted by a CA above`
}

function isSameForm(base: GeneralName, name: GeneralName): boolean {
  if (base.form === 'other' && name.form === 'other') return base.tag === name.tag
  return base.form === name.form
}

function isWithin(name: GeneralName, base: GeneralName, list: 'permitted' | 'excluded'): boolean {
  if (name.form === 'dns' && base.form === 'dns') return isDnsWithin(name.text, base.text, list)
  if (name.form === 'email' && base.form === 'email') return isEmailWithin(name.text, base.text)
  if (name.form === 'uri' && base.form === 'uri') {
    return isHostWithin(uriHost(name.text) ?? '', base.text)
  }
  if (name.form === 'ip' && base.form === 'ip') return isIpWithin(name, base)
  if (name.form === 'directory' && base.form === 'directory') {
    return isNameWithin(name.name, base.name)
  }
  return false
}

/** At least two labels, none with a hyphen at an end: what a careless reader takes for a host. */
const hostLikeCommonName =
  /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+$/i
const hostname = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i
const localPart = /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]+$/i
const ipv4 = /^\d+(\.\d+){3}$/

function isComparable(name: GeneralName): boolean {
  switch (name.form) {
    case 'dns':
      return hostname.test(name.text.replace(/^\*\./, ''))
    case 'email':
      return isMailbox(name.text)
    case 'uri':
      return uriHost(name.text) !== undefined
    case 'ip':
    case 'directory':
      return true
    case 'other':
      return false
  }
}

function isWellFormedBase(base: GeneralName): boolean {
  switch (base.form) {
    case 'dns':
      return base.text === '' || hostname.test(base.text)
    case 'email':
      return base.text === '' || isMailbox(base.text) || isHostConstraint(base.text)
    case 'uri':
      return base.text === '' || isHostConstraint(base.text)
    case 'ip':
      return isPrefixMask(base.bytes.subarray(base.bytes.length / 2))
    case 'directory':
    case 'other':
      return true
  }
}

function isHostConstraint(text: string): boolean {
  return hostname.test(text.replace(/^\./, ''))
}

function isMailbox(text: string): boolean {
  const at = text.lastIndexOf('@')
  return at > 0 && hostname.test(text.slice(at + 1)) && localPart.test(text.slice(0, at))
}

/**
 * The name itself and everything below it. A wildcard is excluded as soon as one name it stands for
 * is.
 */
function isDnsWithin(name: string, base: string, list: 'permitted' | 'excluded'): boolean {
  const whole = name.toLowerCase()
  const suffix = base.toLowerCase()
  if (suffix === '' || whole === suffix || whole.endsWith(`.${suffix}`)) return true
  if (list === 'permitted' || !whole.startsWith('*.')) return false
  const dot = suffix.indexOf('.')
  return dot !== -1 && suffix.slice(dot) === whole.slice(1)
}

/** A mailbox, a host (`example.org`), or everything below a host (`.example.org`). */
function isEmailWithin(mailbox: string, base: string): boolean {
  const at = mailbox.lastIndexOf('@')
  const host = mailbox.slice(at + 1)
  const baseAt = base.lastIndexOf('@')
  if (baseAt === -1) return isHostWithin(host, base)
  return (
    mailbox.slice(0, at) === base.slice(0, baseAt) &&
    host.toLowerCase() === base.slice(baseAt + 1).toLowerCase()
  )
}

/** A host is within itself only; `.example.org` stands for every host below it, not for it. */
function isHostWithin(host: string, base: string): boolean {
  const name = host.toLowerCase()
  const rule = base.toLowerCase()
  if (rule === '') return true
  return rule.startsWith('.') ? name.endsWith(rule) : name === rule
}

/** The host of a URI that has one which is a name; RFC 5280 refuses all others here. */
function uriHost(uri: string): string | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1]
  if (authority === undefined) return undefined
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '')
  return hostname.test(host) && !ipv4.test(host) ? host : undefined
}

function isIpWithin({ bytes }: Of<'ip'>, base: Of<'ip'>): boolean {
  const address = base.bytes.subarray(0, base.bytes.length / 2)
  const mask = base.bytes.subarray(base.bytes.length / 2)
  return (
    bytes.length === address.length &&
    bytes.every((byte, at) => ((byte ^ (address[at] ?? 0)) & (mask[at] ?? 0xff)) === 0)
  )
}

function isPrefixMask(mask: Uint8Array): boolean {
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return /^1*0*$/.test(bits)
}

function isNameWithin(name: Name, base: Name): boolean {
  return base.relativeNames.every((part, at) => part === name.relativeNames[at])
}
