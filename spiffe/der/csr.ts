// PKCS #10 requests, RFC 2986. A request brings a public key and the proof that the sender holds
// the private one; nothing else in it is ever used, so nothing else is read.

import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { SpiffeError } from '../spiffe-error.ts'
import type { SpiffeId } from '../spiffe-id.ts'
import { publicKeyWeakness, readPublicKey } from '../x509/public-key.ts'
import { checkSignature } from '../x509/signature.ts'
import { bitStringBytesOf, constructedTag, derTag, readDer, smallIntegerOf } from './reader.ts'
import {
  bitString,
  context,
  contextPrimitive,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  setOf,
} from './writer.ts'

/** Largest request that `readCsr` takes. */
export const maxCsrBytes = 16 * 1024

/** The part of a request that counts, after its self-signature was verified. */
export interface Csr {
  readonly publicKeySpki: Uint8Array
  readonly publicKey: KeyObject
}

/**
 * Reads a request, verifies its self-signature and refuses keys that no certificate is made for:
 * anything but EC P-256, EC P-384 and RSA from 2048 bits with an exponent from 65537. Throws
 * `ERR_CSR_SIGNATURE` for a self-signature that does not verify, `ERR_CSR` for all else.
 */
export function readCsr(der: Uint8Array): Csr {
  if (der.length > maxCsrBytes) throw refuse(`request is larger than ${maxCsrBytes} bytes`)
  try {
    return readVerified(der)
  } catch (error) {
    if (error instanceof SpiffeError && error.code !== 'ERR_CSR_SIGNATURE')
      throw refuse(error.message, error)
    throw error
  }
}

/** A request signed by the key, with the ID as its only URI SAN where one is given. */
export function writeCsr(request: { key: KeyObject; uri?: SpiffeId }): Uint8Array {
  const publicKey = createPublicKey(request.key)
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const attributes = request.uri === undefined ? [] : [uriExtensionRequest(request.uri)]
  const info = sequence(integer(0), sequence(), spki, context(0, ...attributes))
  const { algorithm, hash } = signingScheme(publicKey)
  return sequence(info, algorithm, bitString(sign(hash, info, request.key)))
}

function readVerified(der: Uint8Array): Csr {
  const request = readDer(der, derTag.sequence, 'certificate request')
  const info = request.expect(derTag.sequence, 'request info')
  const algorithm = request.expect(derTag.sequence, 'signature algorithm').encoded
  const signature = bitStringBytesOf(
    request.expect(derTag.bitString, 'signature').body,
    'signature',
  )
  request.end('certificate request')

  const fields = readDer(info.encoded, derTag.sequence, 'request info')
  const version = smallIntegerOf(fields.expect(derTag.integer, 'version').body, 'version')
  if (version !== 0) throw refuse(`version of the request is ${version}, expected 0`)
  fields.expect(derTag.sequence, 'subject')
  const publicKeySpki = fields.expect(derTag.sequence, 'public key').encoded
  fields.expect(constructedTag(0), 'attributes')
  fields.end('request info')

  const publicKey = readPublicKey(publicKeySpki)
  const problem = unfitKey(publicKey)
  if (problem !== undefined) throw refuse(problem)
  try {
    checkSignature('the request', { signed: info.encoded, algorithm, signature }, publicKey)
  } catch (error) {
    if (!(error instanceof SpiffeError)) throw error
    throw new SpiffeError('ERR_CSR_SIGNATURE', error.message, { cause: error })
  }
  return { publicKeySpki, publicKey }
}

function unfitKey(key: KeyObject): string | undefined {
  const { namedCurve, publicExponent } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'ec':
      return namedCurve === 'prime256v1' || namedCurve === 'secp384r1'
        ? undefined
        : 'EC key is not on P-256 or P-384'
    case 'rsa':
      if ((publicExponent ?? 0n) < 65537n) return 'RSA public exponent is less than 65537'
      return publicKeyWeakness(key)
    default:
      return `no certificate is made for a key of type ${key.asymmetricKeyType}`
  }
}

function signingScheme(key: KeyObject): { algorithm: Uint8Array; hash: string } {
  if (key.asymmetricKeyType === 'rsa') {
    return { algorithm: sequence(oid('1.2.840.113549.1.1.11'), nullValue()), hash: 'sha256' }
  }
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return { algorithm: sequence(oid('1.2.840.10045.4.3.2')), hash: 'sha256' }
    case 'secp384r1':
      return { algorithm: sequence(oid('1.2.840.10045.4.3.3')), hash: 'sha384' }
    default:
      throw new TypeError('only EC P-256, EC P-384 and RSA keys sign a request')
  }
}

function uriExtensionRequest(uri: SpiffeId): Uint8Array {
  const name = contextPrimitive(6, Buffer.from(uri, 'latin1'))
  const subjectAltName = sequence(oid('2.5.29.17'), octetString(sequence(name)))
  return sequence(oid('1.2.840.113549.1.9.14'), setOf(sequence(subjectAltName)))
}

function refuse(message: string, cause?: unknown): SpiffeError {
  return new SpiffeError('ERR_CSR', message, { cause })
}
