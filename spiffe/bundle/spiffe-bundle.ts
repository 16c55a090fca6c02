// The SPIFFE bundle document, a JWK set. SPIFFE Trust Domain and Bundle section 4, X509-SVID section
// 6, JWT-SVID section 6. An entry that the standard says to ignore is ignored; one that claims a use
// we know and breaks its rules refuses the whole document, so that no half of it becomes trust.

import { createPublicKey } from 'node:crypto'

import { JsonError } from '../json/json-error.ts'
import { JsonNumber } from '../json/number.ts'
import { readJson } from '../json/read.ts'
import { type JsonArray, JsonObject, type JsonValue } from '../json/value.ts'
import { SpiffeError } from '../spiffe-error.ts'
import type { TrustDomain } from '../trust-domain.ts'
import { type Certificate, parseCertificate } from '../x509/certificate.ts'
import { jwkTypes, readJwk, writeJwk } from './jwk.ts'

/** Most entries in one document. */
const maxBundleKeys = 2000

/** All authorities of one trust domain. */
export interface SpiffeBundle {
  readonly trustDomain: TrustDomain
  readonly x509Authorities: readonly X509Authority[]
  readonly jwtAuthorities: readonly JwtAuthority[]
  /** How often to ask for a newer bundle; absent where the publisher does not say. */
  readonly refreshHintSeconds?: number
  /** Rises with every change of the bundle. */
  readonly sequenceNumber?: bigint
}

/** A CA of the trust domain. */
export interface X509Authority {
  readonly certificate: Certificate
  /** About to be revoked: still trusted, to be rotated away from. Not part of the document. */
  readonly tainted: boolean
}

/** A key that signs JWT-SVIDs of the trust domain. */
export interface JwtAuthority {
  readonly keyId: string
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  /** Not part of the document. */
  readonly expiresAt?: Date
  /** As of an X.509 authority. */
  readonly tainted: boolean
}

/** Reads a document. Throws `ERR_BUNDLE`. */
export function parseSpiffeBundle(trustDomain: TrustDomain, bytes: Uint8Array): SpiffeBundle {
  try {
    return readDocument(trustDomain, readJson(bytes))
  } catch (error) {
    if (error instanceof JsonError || error instanceof SpiffeError) {
      throw new SpiffeError('ERR_BUNDLE', error.message, { cause: error })
    }
    throw error
  }
}

/** The document as SPIRE prints it: indented by four, with a newline at the end. */
export function formatSpiffeBundle(bundle: SpiffeBundle): string {
  const x509Keys = bundle.x509Authorities.map(({ certificate: { publicKey, der } }) => ({
    use: 'x509-svid',
    ...Object.fromEntries(writeJwk(publicKey)),
    x5c: [Buffer.from(der).toString('base64')],
  }))
  const jwtKeys = bundle.jwtAuthorities.map(({ keyId, publicKey }) => {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
    return { use: 'jwt-svid', ...Object.fromEntries(writeJwk(key, keyId)) }
  })
  const document = JSON.stringify({ keys: [...x509Keys, ...jwtKeys] }, undefined, 4)
  const { sequenceNumber = 0n, refreshHintSeconds = 0 } = bundle
  // By hand, as the sequence number is a 64-bit integer, which JSON.stringify cannot write.
  const numbers = [
    ...(sequenceNumber === 0n ? [] : [`,\n    "spiffe_sequence": ${sequenceNumber}`]),
    ...(refreshHintSeconds === 0 ? [] : [`,\n    "spiffe_refresh_hint": ${refreshHintSeconds}`]),
  ]
  return `${document.slice(0, -2)}${numbers.join('')}\n}\n`
}

function readDocument(trustDomain: TrustDomain, document: JsonValue): SpiffeBundle {
  if (!(document instanceof JsonObject)) throw refuse('bundle is not a JSON object')
  const keys = document.get('keys')
  if (!isArray(keys)) throw refuse('bundle has no list "keys"')
  if (keys.length > maxBundleKeys) throw refuse(`bundle has more than ${maxBundleKeys} keys`)
  const certificates = new Map<string, Certificate>()
  const jwtKeys = new Map<string, Uint8Array>()
  for (const key of keys) readKey(key, certificates, jwtKeys)
  const sequenceNumber = readCount(document, 'spiffe_sequence', 2n ** 64n)
  const refreshHint = readCount(document, 'spiffe_refresh_hint', 2n ** 63n)
  return {
    trustDomain,
    x509Authorities: [...certificates.values()].map((certificate) => ({
      certificate,
      tainted: false,
    })),
    jwtAuthorities: [...jwtKeys].map(([keyId, publicKey]) => ({
      keyId,
      publicKey,
      tainted: false,
    })),
    ...(refreshHint === undefined ? {} : { refreshHintSeconds: Number(refreshHint) }),
    ...(sequenceNumber === undefined ? {} : { sequenceNumber }),
  }
}

function readKey(
  key: JsonValue,
  certificates: Map<string, Certificate>,
  jwtKeys: Map<string, Uint8Array>,
): void {
  if (!(key instanceof JsonObject)) throw refuse('a key is not a JSON object')
  const type = key.get('kty')
  if (type === 'oct') throw refuse('a key is symmetric')
  if (!jwkTypes.includes(type ?? null)) return
  if (key.get('use') === 'x509-svid') {
    const certificate = readX509Authority(key)
    if (certificate === undefined) return
    certificates.set(Buffer.from(certificate.der).toString('base64'), certificate)
  }
  if (key.get('use') === 'jwt-svid') {
    const kid = key.get('kid')
    if (typeof kid !== 'string' || kid === '') throw refuse('a JWT authority has no key id')
    if (jwtKeys.has(kid)) throw refuse('two JWT authorities have one key id')
    // No signature algorithm of JWT-SVID section 2 goes with this type.
    if (type === 'OKP') return
    jwtKeys.set(kid, readJwk(key))
  }
}

/** X509-SVID section 6.2: an entry without certificate is ignored, and so is every one but the first. */
function readX509Authority(key: JsonObject): Certificate | undefined {
  const chain = key.get('x5c')
  if (chain === undefined || (isArray(chain) && chain.length === 0)) return undefined
  const [text] = isArray(chain) ? chain : []
  if (typeof text !== 'string') throw refuse('an X.509 authority has no list of certificates')
  const der = Buffer.from(text, 'base64')
  if (der.toString('base64') !== text) throw refuse('a certificate is not base64')
  const certificate = parseCertificate(der)
  if (!certificate.isCa) throw refuse('an X.509 authority is not a CA')
  if (!Buffer.from(certificate.spki).equals(readJwk(key))) {
    throw refuse('the key of an X.509 authority is not the one in its certificate')
  }
  return certificate
}

function readCount(document: JsonObject, name: string, end: bigint): bigint | undefined {
  const value = document.get(name) ?? null
  if (value === null) return undefined
  const count = value instanceof JsonNumber ? value.bigInteger() : undefined
  if (count === undefined || count < 0n || count >= end) {
    throw refuse(`${name} is not an integer from 0 to ${end - 1n}`)
  }
  return count
}

function isArray(value: JsonValue | undefined): value is JsonArray {
  return Array.isArray(value)
}

function refuse(message: string): SpiffeError {
  return new SpiffeError('ERR_BUNDLE', message)
}
