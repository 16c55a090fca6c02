// Certificate extensions, RFC 5280 section 4.2: each that we understand is read strictly, an
// unknown one only has its criticality remembered, and a second one of a kind is refused.

import {
  booleanOf,
  constructedTag,
  type DerElement,
  DerReader,
  derTag,
  namedBitsOf,
  oidOf,
  primitiveTag,
  readDer,
  smallIntegerOf,
} from '../der/reader.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { type GeneralName, readGeneralName } from './general-name.ts'

/** Bits of the key usage extension. */
export const keyUsageBit = {
  digitalSignature: 0,
  keyEncipherment: 2,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
} as const

/** Names that a CA's name constraints allow and forbid. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

/** What the extensions of a certificate say; what is absent is undefined. */
export interface Extensions {
  readonly basicConstraints?: { readonly isCa: boolean; readonly pathLength?: number }
  /** Numbers of the bits set, see `keyUsageBit`. */
  readonly keyUsage?: ReadonlySet<number>
  readonly subjectAltNames?: readonly GeneralName[]
  readonly nameConstraints?: NameConstraints
  /** OIDs of the purposes. */
  readonly extendedKeyUsage?: readonly string[]
  /** Lower-case hex. */
  readonly subjectKeyId?: string
  /** Lower-case hex. */
  readonly authorityKeyId?: string
  /** OIDs of all extensions. */
  readonly present: ReadonlySet<string>
  /** OIDs of the critical ones among them. */
  readonly critical: ReadonlySet<string>
}

/** OIDs of the extensions that are understood. */
export const extensionOid = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const

/** Read for its form only: nobody follows it, so it must not be critical. */
const authorityInfoAccess = '1.3.6.1.5.5.7.1.1'

/** RFC 5280 sections 4.2.1.1 and 4.2.1.2. */
const neverCritical: readonly string[] = [extensionOid.subjectKeyId, extensionOid.authorityKeyId]

type Draft = { -readonly [K in keyof Extensions]: Extensions[K] }

const readers: Readonly<Record<string, (value: Uint8Array, draft: Draft) => void>> = {
  [extensionOid.subjectKeyId]: readSubjectKeyId,
  [extensionOid.keyUsage]: readKeyUsage,
  [extensionOid.subjectAltName]: readSubjectAltNames,
  [extensionOid.basicConstraints]: readBasicConstraints,
  [extensionOid.nameConstraints]: readNameConstraints,
  [extensionOid.authorityKeyId]: readAuthorityKeyId,
  [extensionOid.extendedKeyUsage]: readExtendedKeyUsage,
  [extensionOid.certificatePolicies]: readCertificatePolicies,
  [authorityInfoAccess]: readInformationAccess,
}

/** Reads the extensions of a certificate, [3] of TBSCertificate. Throws `ERR_CERTIFICATE` or `ERR_DER`. */
export function readExtensions(element: DerElement | undefined): Extensions {
  const present = new Set<string>()
  const critical = new Set<string>()
  const draft: Draft = { present, critical }
  if (element === undefined) return draft
  const list = readDer(element.body, derTag.sequence, 'extensions')
  do {
    const extension = list.sequence('extension')
    const id = oidOf(extension.expect(derTag.oid, 'extension').body, 'extension')
    const flag = extension.optional(derTag.boolean, 'extension criticality')
    const value = extension.expect(derTag.octetString, 'extension value').body
    extension.end('extension')
    if (present.has(id)) throw refuse(`extension ${id} occurs twice`)
    present.add(id)
    if (flag !== undefined && booleanOf(flag.body, 'extension criticality')) {
      if (neverCritical.includes(id)) throw refuse(`extension ${id} is critical`)
      critical.add(id)
    }
    if (Object.hasOwn(readers, id)) readers[id]?.(value, draft)
  } while (!list.isAtEnd)
  return draft
}

function readSubjectKeyId(value: Uint8Array, draft: Draft): void {
  const reader = new DerReader(value)
  draft.subjectKeyId = hex(reader.expect(derTag.octetString, 'subject key id').body)
  reader.end('subject key id')
}

function readAuthorityKeyId(value: Uint8Array, draft: Draft): void {
  const fields = readDer(value, derTag.sequence, 'authority key id')
  const keyId = fields.optional(primitiveTag(0), 'authority key id')
  const issuer = fields.optional(constructedTag(1), 'authority issuer')
  const serial = fields.optional(primitiveTag(2), 'authority serial number')
  fields.end('authority key id')
  if ((issuer === undefined) !== (serial === undefined)) {
    throw refuse('authority key id has an issuer or a serial number without the other')
  }
  if (keyId !== undefined) draft.authorityKeyId = hex(keyId.body)
}

function readKeyUsage(value: Uint8Array, draft: Draft): void {
  const reader = new DerReader(value)
  draft.keyUsage = namedBitsOf(reader.expect(derTag.bitString, 'key usage').body, 'key usage')
  reader.end('key usage')
  if (draft.keyUsage.size === 0) throw refuse('key usage is empty')
}

function readSubjectAltNames(value: Uint8Array, draft: Draft): void {
  const list = readDer(value, derTag.sequence, 'subject alternative names')
  const names: GeneralName[] = []
  do {
    names.push(readGeneralName(list.next('subject alternative name'), [4, 16]))
  } while (!list.isAtEnd)
  draft.subjectAltNames = names
}

function readBasicConstraints(value: Uint8Array, draft: Draft): void {
  const what = 'basic constraints'
  const fields = readDer(value, derTag.sequence, what)
  const flag = fields.optional(derTag.boolean, what)
  const pathLength = fields.optional(derTag.integer, 'path length')
  fields.end(what)
  const isCa = flag !== undefined && booleanOf(flag.body, what)
  if (pathLength === undefined) {
    draft.basicConstraints = { isCa }
  } else if (isCa) {
    const length = smallIntegerOf(pathLength.body, 'path length')
    draft.basicConstraints = { isCa, pathLength: length }
  } else {
    throw refuse('path length stands in a certificate that is not a CA')
  }
}

function readExtendedKeyUsage(value: Uint8Array, draft: Draft): void {
  const list = readDer(value, derTag.sequence, 'extended key usage')
  const purposes: string[] = []
  do {
    purposes.push(oidOf(list.expect(derTag.oid, 'purpose').body, 'purpose'))
  } while (!list.isAtEnd)
  draft.extendedKeyUsage = purposes
}

/** Any policy will do for us, so only the form counts, and that none occurs twice. */
function readCertificatePolicies(value: Uint8Array): void {
  const policies = new Set<string>()
  const list = readDer(value, derTag.sequence, 'certificate policies')
  do {
    const policy = list.sequence('certificate policy')
    const id = oidOf(policy.expect(derTag.oid, 'certificate policy').body, 'certificate policy')
    policy.optional(derTag.sequence, 'policy qualifiers')
    policy.end('certificate policy')
    if (policies.has(id)) throw refuse(`certificate policy ${id} occurs twice`)
    policies.add(id)
  } while (!list.isAtEnd)
}

function readInformationAccess(value: Uint8Array): void {
  const list = readDer(value, derTag.sequence, 'information access')
  do {
    const description = list.sequence('access description')
    oidOf(description.expect(derTag.oid, 'access method').body, 'access method')
    readGeneralName(description.next('access location'), [4, 16])
    description.end('access description')
  } while (!list.isAtEnd)
}

function readNameConstraints(value: Uint8Array, draft: Draft): void {
  const fields = readDer(value, derTag.sequence, 'name constraints')
  if (fields.isAtEnd) throw refuse('name constraints are empty')
  const permitted = fields.optional(constructedTag(0), 'permitted names')
  const excluded = fields.optional(constructedTag(1), 'excluded names')
  fields.end('name constraints')
  draft.nameConstraints = { permitted: readSubtrees(permitted), excluded: readSubtrees(excluded) }
}

function readSubtrees(element: DerElement | undefined): GeneralName[] {
  if (element === undefined) return []
  const bases: GeneralName[] = []
  const list = new DerReader(element.body)
  do {
    const subtree = list.sequence('name constraint')
    bases.push(readGeneralName(subtree.next('name constraint'), [8, 32]))
    // RFC 5280 section 4.2.1.10: minimum is 0, thus left out in DER, and maximum is absent.
    subtree.end('name constraint')
  } while (!list.isAtEnd)
  return bases
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function refuse(message: string): SpiffeError {
  return new SpiffeError('ERR_CERTIFICATE', message)
}
