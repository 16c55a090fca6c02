/** Pieces that the CA's own certificate and the leaves have in common. RFC 5280 section 4.2. */

import { createHash } from 'node:crypto'
import { bitStringBytesOf, derTag, readDer } from '../../spiffe/der/reader.ts'
import {
  bitString,
  booleanTrue,
  contextPrimitive,
  nullValue,
  octetString,
  oid,
  sequence,
} from '../../spiffe/der/writer.ts'
import { extensionOid } from '../../spiffe/x509/extensions.ts'
import type { KeyType } from '../key-managers/key-manager.ts'

const rsaWithSha256 = sequence(oid('1.2.840.113549.1.1.11'), nullValue())

/** AlgorithmIdentifier of the signatures that each type of key makes. */
export const signatureAlgorithm: Readonly<Record<KeyType, Uint8Array>> = {
  'ec-p256': sequence(oid('1.2.840.10045.4.3.2')),
  'ec-p384': sequence(oid('1.2.840.10045.4.3.3')),
  'rsa-2048': rsaWithSha256,
  'rsa-4096': rsaWithSha256,
}

/** SHA-1 of the public key's bits, section 4.2.1.2 (1): a name, so that its strength is no matter. */
export function subjectKeyId(spki: Uint8Array): Uint8Array {
  const info = readDer(spki, derTag.sequence, 'public key')
  info.expect(derTag.sequence, 'public key algorithm')
  const bits = bitStringBytesOf(info.expect(derTag.bitString, 'public key').body, 'public key')
  return createHash('sha1').update(bits).digest()
}

export function extension(
  name: keyof typeof extensionOid,
  value: Uint8Array,
  { critical = false } = {},
): Uint8Array {
  const id = oids[name]
  return critical
    ? sequence(id, booleanTrue(), octetString(value))
    : sequence(id, octetString(value))
}

export function subjectKeyIdExtension(keyId: Uint8Array): Uint8Array {
  return extension('subjectKeyId', octetString(keyId))
}

export function authorityKeyIdExtension(keyId: Uint8Array): Uint8Array {
  return extension('authorityKeyId', sequence(contextPrimitive(0, keyId)))
}

/** GeneralName of a URI. */
export function uriName(uri: string): Uint8Array {
  return contextPrimitive(6, Buffer.from(uri, 'latin1'))
}

/** GeneralName of a DNS name. */
export function dnsName(name: string): Uint8Array {
  return contextPrimitive(2, Buffer.from(name, 'latin1'))
}

/** A signed certificate from its parts. */
export function certificateOf(
  tbs: Uint8Array,
  algorithm: Uint8Array,
  signature: Uint8Array,
): Uint8Array {
  return sequence(tbs, algorithm, bitString(signature))
}

const oids = {
  subjectKeyId: oid(extensionOid.subjectKeyId),
  keyUsage: oid(extensionOid.keyUsage),
  subjectAltName: oid(extensionOid.subjectAltName),
  basicConstraints: oid(extensionOid.basicConstraints),
  nameConstraints: oid(extensionOid.nameConstraints),
  certificatePolicies: oid(extensionOid.certificatePolicies),
  authorityKeyId: oid(extensionOid.authorityKeyId),
  extendedKeyUsage: oid(extensionOid.extendedKeyUsage),
} as const satisfies Record<keyof typeof extensionOid, Uint8Array>
