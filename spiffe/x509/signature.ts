// Which signature algorithms count, and the check of one signature. RFC 5758, RFC 4055, RFC 8410.
// SHA-1, MD5, SHA-224 and DSA are unknown here on purpose. Ed25519 is verified, since a foreign
// trust domain may use it, but no request for an Ed25519 key is ever signed (`der/csr.ts`).

import { constants, type KeyObject, verify } from 'node:crypto'

import { constructedTag, DerReader, derTag, oidOf, readDer, smallIntegerOf } from '../der/reader.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { publicKeyWeakness } from './public-key.ts'

interface Scheme {
  readonly keyTypes: readonly string[]
  readonly hash: string | null
}

const rsa = { keyTypes: ['rsa'] } as const
const ec = { keyTypes: ['ec'] } as const

/** Schemes by OID whose parameters are absent (for RSA also NULL, RFC 4055 section 5). */
const schemes: Readonly<Record<string, Scheme>> = {
  '1.2.840.10045.4.3.2': { ...ec, hash: 'sha256' },
  '1.2.840.10045.4.3.3': { ...ec, hash: 'sha384' },
  '1.2.840.10045.4.3.4': { ...ec, hash: 'sha512' },
  '1.2.840.113549.1.1.11': { ...rsa, hash: 'sha256' },
  '1.2.840.113549.1.1.12': { ...rsa, hash: 'sha384' },
  '1.2.840.113549.1.1.13': { ...rsa, hash: 'sha512' },
  '1.3.101.112': { keyTypes: ['ed25519'], hash: null },
}

const pss = '1.2.840.113549.1.1.10'
const mgf1 = '1.2.840.113549.1.1.8'

const hashes: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** A signature and the bytes it stands under, with its DER AlgorithmIdentifier. */
export interface Signed {
  readonly signed: Uint8Array
  readonly algorithm: Uint8Array
  readonly signature: Uint8Array
}

/**
 * Checks a signature. Throws `ERR_CERTIFICATE` when the algorithm is not accepted, does not go with
 * the key, the key is weak, or the signature is wrong; `what` names the signed thing.
 */
export function checkSignature(what: string, signed: Signed, key: KeyObject): void {
  const weakness = publicKeyWeakness(key)
  if (weakness !== undefined) throw refuse(`${what} is signed by a weak key: ${weakness}`)
  const algorithm = readDer(signed.algorithm, derTag.sequence, 'signature algorithm')
  const id = oidOf(algorithm.expect(derTag.oid, 'signature algorithm').body, 'signature algorithm')
  const isValid =
    id === pss ? verifyPss(algorithm, signed, key) : verifyPlain(id, algorithm, signed, key)
  if (!isValid) throw refuse(`signature of ${what} is wrong`)
}

function verifyPlain(id: string, parameters: DerReader, signed: Signed, key: KeyObject): boolean {
  const scheme = Object.hasOwn(schemes, id) ? schemes[id] : undefined
  if (scheme === undefined) throw refuse(`signature algorithm ${id} is not accepted`)
  if (scheme.keyTypes.includes('rsa')) readNull(parameters)
  parameters.end('signature algorithm')
  demandKeyType(key, scheme.keyTypes)
  return verify(scheme.hash, signed.signed, key, signed.signature)
}

function verifyPss(parameters: DerReader, signed: Signed, key: KeyObject): boolean {
  const fields = parameters.sequence('RSA-PSS parameters')
  parameters.end('signature algorithm')
  const hash = readHash(fields.expect(constructedTag(0), 'RSA-PSS hash').body)
  const mask = readDer(
    fields.expect(constructedTag(1), 'RSA-PSS mask').body,
    derTag.sequence,
    'RSA-PSS mask',
  )
  const maskId = oidOf(mask.expect(derTag.oid, 'RSA-PSS mask').body, 'RSA-PSS mask')
  const maskHash = readHash(mask.expect(derTag.sequence, 'RSA-PSS mask').encoded)
  mask.end('RSA-PSS mask')
  const salt = fields.optional(constructedTag(2), 'RSA-PSS salt')
  fields.end('RSA-PSS parameters')
  if (maskId !== mgf1 || maskHash !== hash)
    throw refuse('RSA-PSS mask is not MGF1 with the same hash')
  demandKeyType(key, ['rsa', 'rsa-pss'])
  const padding = constants.RSA_PKCS1_PSS_PADDING
  const saltLength = salt === undefined ? 20 : readSaltLength(salt.body)
  try {
    return verify(hash, signed.signed, { key, padding, saltLength }, signed.signature)
  } catch (cause) {
    throw new SpiffeError('ERR_CERTIFICATE', 'RSA-PSS parameters do not go with the key', { cause })
  }
}

function readHash(encoded: Uint8Array): string {
  const algorithm = readDer(encoded, derTag.sequence, 'hash')
  const id = oidOf(algorithm.expect(derTag.oid, 'hash').body, 'hash')
  readNull(algorithm)
  algorithm.end('hash')
  const hash = Object.hasOwn(hashes, id) ? hashes[id] : undefined
  if (hash === undefined) throw refuse(`hash ${id} is not accepted`)
  return hash
}

function readSaltLength(encoded: Uint8Array): number {
  const reader = new DerReader(encoded)
  const length = smallIntegerOf(reader.expect(derTag.integer, 'RSA-PSS salt').body, 'RSA-PSS salt')
  reader.end('RSA-PSS salt')
  return length
}

function readNull(reader: DerReader): void {
  const value = reader.optional(derTag.null, 'parameters')
  if (value !== undefined && value.body.length > 0) throw refuse('NULL parameters are not empty')
}

function demandKeyType(key: KeyObject, types: readonly string[]): void {
  const type = key.asymmetricKeyType ?? 'unknown'
  if (!types.includes(type))
    throw refuse(`signature algorithm does not go with a key of type ${type}`)
}

function refuse(message: string): SpiffeError {
  return new SpiffeError('ERR_CERTIFICATE', message)
}
