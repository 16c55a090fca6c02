// GeneralName, RFC 5280 section 4.2.1.6, as it stands in subject alternative names and, with a mask
// behind each IP address, in name constraints.

import { constructedTag, type DerElement, DerReader, primitiveTag } from '../der/reader.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { type Name, readName } from './name.ts'

/** A name; `other` stands for the forms that no rule of ours looks into. */
export type GeneralName =
  | { readonly form: 'email' | 'dns' | 'uri'; readonly text: string }
  | { readonly form: 'ip'; readonly bytes: Uint8Array }
  | { readonly form: 'directory'; readonly name: Name }
  | { readonly form: 'other'; readonly tag: number }

const textForms: Readonly<Record<number, 'email' | 'dns' | 'uri'>> = {
  [primitiveTag(1)]: 'email',
  [primitiveTag(2)]: 'dns',
  [primitiveTag(6)]: 'uri',
}

const directoryName = constructedTag(4)
const ipAddress = primitiveTag(7)

/** otherName, x400Address, ediPartyName and registeredID. */
const otherForms: readonly number[] = [
  constructedTag(0),
  constructedTag(3),
  constructedTag(5),
  primitiveTag(8),
]

/**
 * Reads one GeneralName. `ipSizes` are the lengths an IP address may have: 4 and 16, or 8 and 32
 * with a mask. Throws `ERR_CERTIFICATE` or `ERR_DER`.
 */
export function readGeneralName(element: DerElement, ipSizes: readonly number[]): GeneralName {
  const { tag, body } = element
  const form = textForms[tag]
  if (form !== undefined) {
    if (body.some((byte) => byte >= 0x80)) throw refuse(`${form} name is not ASCII`)
    return { form, text: Buffer.from(body).toString('latin1') }
  }
  if (tag === ipAddress) {
    if (!ipSizes.includes(body.length)) throw refuse(`IP address has ${body.length} bytes`)
    return { form: 'ip', bytes: body }
  }
  if (tag === directoryName) {
    const reader = new DerReader(body)
    const name = readName(reader.next('directory name').encoded)
    reader.end('directory name')
    return { form: 'directory', name }
  }
  if (!otherForms.includes(tag))
    throw refuse(`general name has the unknown tag 0x${tag.toString(16)}`)
  return { form: 'other', tag }
}

function refuse(message: string): SpiffeError {
  return new SpiffeError('ERR_CERTIFICATE', message)
}
