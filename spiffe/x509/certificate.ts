// X.509 certificates, RFC 5280 section 4.1, read strictly and once: what comes out is plain data,
// and later steps look at nothing else. Reading decides nothing about trust; that is
// `verify-path.ts` and `x509-svid.ts`.

import type { KeyObject } from 'node:crypto'

import {
  bitStringBytesOf,
  constructedTag,
  type DerElement,
  DerReader,
  derTag,
  integerOf,
  primitiveTag,
  readDer,
  smallIntegerOf,
} from '../der/reader.ts'
import { timeOf } from '../der/time.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { type Extensions, readExtensions } from './extensions.ts'
import { type Name, readName } from './name.ts'
import { readPublicKey } from './public-key.ts'

/** Largest certificate in bytes. */
export const maxCertificateBytes = 256 * 1024

/** Most certificates in one concatenation. */
const maxCertificates = 1024

/** A certificate that was read; its `der` is what it was read from, unchanged. */
export interface Certificate {
  readonly der: Uint8Array
  /** 1, 2 or 3. */
  readonly version: number
  /** Lower-case hex of the positive number, without leading zero bytes. */
  readonly serial: string
  /** DER Name. */
  readonly subject: Uint8Array
  /** DER Name. */
  readonly issuer: Uint8Array
  readonly subjectName: Name
  readonly issuerName: Name
  readonly notBefore: Date
  readonly notAfter: Date
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  readonly publicKey: KeyObject
  readonly isCa: boolean
  /** Lower-case hex. */
  readonly subjectKeyId?: string
  /** Lower-case hex. */
  readonly authorityKeyId?: string
  readonly extensions: Extensions
  /** The signed bytes, TBSCertificate. */
  readonly signed: Uint8Array
  /** DER AlgorithmIdentifier, the same inside and outside. */
  readonly algorithm: Uint8Array
  readonly signature: Uint8Array
}

/** Reads one certificate that fills all the bytes. Throws `ERR_CERTIFICATE`, `ERR_PUBLIC_KEY` or `ERR_DER`. */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > maxCertificateBytes) {
    throw refuse(`certificate is larger than ${maxCertificateBytes} bytes`)
  }
  const outer = readDer(der, derTag.sequence, 'certificate')
  const body = outer.expect(derTag.sequence, 'certificate body')
  const algorithm = outer.expect(derTag.sequence, 'signature algorithm').encoded
  const signature = bitStringBytesOf(outer.expect(derTag.bitString, 'signature').body, 'signature')
  outer.end('certificate')

  const fields = new DerReader(body.body)
  const version = readVersion(fields.optional(constructedTag(0), 'version'))
  const serial = readSerial(fields.expect(derTag.integer, 'serial number').body)
  const innerAlgorithm = fields.expect(derTag.sequence, 'signature algorithm').encoded
  if (!Buffer.from(algorithm).equals(innerAlgorithm)) {
    throw refuse('signature algorithms inside and outside differ')
  }
  const issuer = fields.expect(derTag.sequence, 'issuer').encoded
  const validity = fields.sequence('validity')
  const notBefore = timeOf(validity.next('notBefore'), 'notBefore')
  const notAfter = timeOf(validity.next('notAfter'), 'notAfter')
  validity.end('validity')
  const subject = fields.expect(derTag.sequence, 'subject').encoded
  const spki = fields.expect(derTag.sequence, 'public key').encoded
  const hasUniqueIds = [
    fields.optional(primitiveTag(1), 'issuer unique id'),
    fields.optional(primitiveTag(2), 'subject unique id'),
  ].some((id) => id !== undefined)
  const extensionList = fields.optional(constructedTag(3), 'extensions')
  fields.end('certificate body')

  if (hasUniqueIds && version === 1) throw refuse('a version 1 certificate has unique ids')
  if (extensionList !== undefined && version !== 3) {
    throw refuse(`a version ${version} certificate has extensions`)
  }
  const extensions = readExtensions(extensionList)
  const { subjectKeyId, authorityKeyId } = extensions
  const issuerName = readName(issuer)
  if (issuerName.relativeNames.length === 0) throw refuse('issuer is empty')
  return {
    der,
    version,
    serial,
    subject,
    issuer,
    subjectName: readName(subject),
    issuerName,
    notBefore,
    notAfter,
    spki,
    publicKey: readPublicKey(spki),
    isCa: extensions.basicConstraints?.isCa === true,
    ...(subjectKeyId === undefined ? {} : { subjectKeyId }),
    ...(authorityKeyId === undefined ? {} : { authorityKeyId }),
    extensions,
    signed: body.encoded,
    algorithm,
    signature,
  }
}

/** Reads certificates that follow one another without separator, as the Workload API sends them. */
export function readCertificates(concatenatedDer: Uint8Array): Certificate[] {
  const certificates: Certificate[] = []
  const reader = new DerReader(concatenatedDer)
  while (!reader.isAtEnd) {
    if (certificates.length === maxCertificates) {
      throw refuse(`more than ${maxCertificates} certificates in one list`)
    }
    certificates.push(parseCertificate(reader.expect(derTag.sequence, 'certificate').encoded))
  }
  return certificates
}

function readVersion(element: DerElement | undefined): number {
  if (element === undefined) return 1
  const reader = new DerReader(element.body)
  const version = smallIntegerOf(reader.expect(derTag.integer, 'version').body, 'version')
  reader.end('version')
  if (version !== 1 && version !== 2)
    throw refuse(`certificate version ${version + 1} is not known`)
  return version + 1
}

/** RFC 5280 section 4.1.2.2: positive and at most 20 octets. */
function readSerial(body: Uint8Array): string {
  const bytes = integerOf(body, 'serial number')
  const magnitude = bytes[0] === 0 ? bytes.subarray(1) : bytes
  if (magnitude.length === 0) throw refuse('serial number is zero')
  if ((bytes[0] ?? 0) >= 0x80) throw refuse('serial number is negative')
  if (bytes.length > 20) throw refuse('serial number is longer than 20 bytes')
  return Buffer.from(magnitude).toString('hex')
}

function refuse(message: string): SpiffeError {
  return new SpiffeError('ERR_CERTIFICATE', message)
}
