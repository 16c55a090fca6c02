/** Names of issuers and subjects in DER: RFC 5280 section 4.1.2.4, attributes in SPIRE's order. */

import { oid, printableString, sequence, setOf, utf8String } from '../../spiffe/der/writer.ts'

export interface NameAttributes {
  readonly country: readonly string[]
  readonly organization: readonly string[]
  /** Left out when empty. */
  readonly commonName: string
  /** Left out when empty. */
  readonly serialNumber: string
}

const attributeOid = {
  country: oid('2.5.4.6'),
  organization: oid('2.5.4.10'),
  commonName: oid('2.5.4.3'),
  serialNumber: oid('2.5.4.5'),
}

/** A Name with one relative name for each kind of attribute. */
export function distinguishedName(attributes: NameAttributes): Uint8Array {
  const { country, organization, commonName, serialNumber } = attributes
  const kinds: readonly (readonly [Uint8Array, readonly string[]])[] = [
    [attributeOid.country, country],
    [attributeOid.organization, organization],
    [attributeOid.commonName, [commonName]],
    [attributeOid.serialNumber, [serialNumber]],
  ]
  const names = kinds.map(([type, values]) => [type, values.filter((text) => text !== '')] as const)
  return sequence(
    ...names
      .filter(([, values]) => values.length > 0)
      .map(([type, values]) =>
        setOf(...values.map((text) => sequence(type, directoryString(text)))),
      ),
  )
}

function directoryString(text: string): Uint8Array {
  return /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text) ? printableString(text) : utf8String(text)
}
