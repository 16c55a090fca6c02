// Distinguished names and how two of them compare. RFC 5280 section 7.1: letter case, surrounding
// and repeated blanks and the string type do not matter, everything else does.

import { type DerElement, DerReader, derTag, oidOf, readDer } from '../der/reader.ts'
import { SpiffeError } from '../spiffe-error.ts'

/** A distinguished name. */
export interface Name {
  readonly der: Uint8Array
  /** One comparable text per relative distinguished name, from the root of the name. */
  readonly relativeNames: readonly string[]
  /** Comparable text of the whole name; equal for equal names only. */
  readonly key: string
  /** Values of the legacy emailAddress attribute, which e-mail name constraints apply to. */
  readonly emailAddresses: readonly string[]
  /** Values of the common name attribute, in which old certificates carry DNS names. */
  readonly commonNames: readonly string[]
}

const emailAddress = '1.2.840.113549.1.9.1'
const commonName = '2.5.4.3'

/** Reads a DER Name. Throws `ERR_DER` or `ERR_CERTIFICATE`. */
export function readName(der: Uint8Array): Name {
  const relativeNames: string[] = []
  const emailAddresses: string[] = []
  const commonNames: string[] = []
  const names = readDer(der, derTag.sequence, 'name')
  while (!names.isAtEnd) {
    const attributes = readRelativeName(names.expect(derTag.set, 'relative name').body)
    for (const { type, value } of attributes) {
      if (value.text === undefined) continue
      if (type === emailAddress) emailAddresses.push(value.text)
      if (type === commonName) commonNames.push(value.text)
    }
    relativeNames.push(
      JSON.stringify(attributes.map(({ type, value }) => [type, value.comparable]).toSorted()),
    )
  }
  return { der, relativeNames, key: relativeNames.join('\n'), emailAddresses, commonNames }
}

interface Attribute {
  readonly type: string
  readonly value: { readonly comparable: string; readonly text?: string }
}

function readRelativeName(set: Uint8Array): Attribute[] {
  const attributes: Attribute[] = []
  const reader = new DerReader(set)
  do {
    const attribute = reader.sequence('name attribute')
    const type = oidOf(attribute.expect(derTag.oid, 'attribute type').body, 'attribute type')
    const value = attribute.next('attribute value')
    attribute.end('name attribute')
    attributes.push({ type, value: readValue(value) })
  } while (!reader.isAtEnd)
  return attributes
}

function readValue(element: DerElement): Attribute['value'] {
  const text = decode(element)
  if (text === undefined) return { comparable: `#${Buffer.from(element.encoded).toString('hex')}` }
  const folded = text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim()
  return { comparable: `=${folded}`, text }
}

/** Undefined for a type that is not text: such values compare by their bytes. */
function decode({ tag, body }: DerElement): string | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  switch (tag) {
    case derTag.printableString:
    case derTag.ia5String:
      if (bytes.some((byte) => byte >= 0x80)) throw malformed()
      return bytes.toString('latin1')
    case derTag.teletexString:
      return bytes.toString('latin1')
    case derTag.utf8String:
      return decodeStrictly('utf-8', bytes)
    case derTag.bmpString:
      return decodeStrictly('utf-16be', bytes)
    default:
      return undefined
  }
}

function decodeStrictly(encoding: 'utf-8' | 'utf-16be', bytes: Uint8Array): string {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw malformed(cause)
  }
}

function malformed(cause?: unknown): SpiffeError {
  return new SpiffeError('ERR_CERTIFICATE', 'name has text that does not fit its type', { cause })
}
