// Public keys as JWK, RFC 7517 and RFC 7518 section 6, as far as SPIFFE bundles carry them. Keys go
// through SubjectPublicKeyInfo, so that what a JWK may hold is decided where every other key is.

import type { KeyObject } from 'node:crypto'

import { bitString, integer, nullValue, oid, sequence } from '../der/writer.ts'
import type { JsonObject, JsonValue } from '../json/value.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { publicKeyWeakness, readPublicKey } from '../x509/public-key.ts'

/** Members that only a private or symmetric key has. */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const

const curves: Readonly<Record<string, { readonly oid: string; readonly bytes: number }>> = {
  'P-256': { oid: '1.2.840.10045.3.1.7', bytes: 32 },
  'P-384': { oid: '1.3.132.0.34', bytes: 48 },
  'P-521': { oid: '1.3.132.0.35', bytes: 66 },
}

const ed25519Bytes = 32

/** Key types that are understood; a JWK of any other type is to be ignored. */
export const jwkTypes: readonly JsonValue[] = ['EC', 'RSA', 'OKP']

/**
 * The DER SubjectPublicKeyInfo of a JWK of one of `jwkTypes`. Throws `SpiffeError` for secret
 * members, malformed values, points off the curve and weak keys.
 */
export function readJwk(jwk: JsonObject): Uint8Array {
  const secret = secretMembers.find((name) => jwk.has(name))
  if (secret !== undefined) throw refuse(`a key has the private member ${secret}`)
  const spki = spkiOf(jwk)
  const weakness = publicKeyWeakness(readPublicKey(spki))
  if (weakness !== undefined) throw refuse(weakness)
  return spki
}

/** Members of a public key in the order in which SPIRE writes them, `kty` first. */
export function writeJwk(key: KeyObject, kid?: string): [name: string, value: string][] {
  const jwk = key.export({ format: 'jwk' })
  const members = { ...jwk, kid }
  return (['kty', 'kid', 'crv', 'x', 'y', 'n', 'e'] as const).flatMap((name) => {
    const value = members[name]
    return typeof value === 'string' ? [[name, value] satisfies [string, string]] : []
  })
}

function spkiOf(jwk: JsonObject): Uint8Array {
  switch (jwk.get('kty')) {
    case 'EC':
      return ecSpki(jwk)
    case 'RSA':
      return sequence(
        sequence(oid('1.2.840.113549.1.1.1'), nullValue()),
        bitString(sequence(integer(bytesOf(jwk, 'n')), integer(bytesOf(jwk, 'e')))),
      )
    default:
      if (jwk.get('crv') !== 'Ed25519') throw refuse('a key is on an unknown curve')
      return sequence(sequence(oid('1.3.101.112')), bitString(bytesOf(jwk, 'x', ed25519Bytes)))
  }
}

function ecSpki(jwk: JsonObject): Uint8Array {
  const name = jwk.get('crv')
  const curve = typeof name === 'string' && Object.hasOwn(curves, name) ? curves[name] : undefined
  if (curve === undefined) throw refuse('a key is on an unknown curve')
  const point = Buffer.concat([
    Uint8Array.of(0x04),
    bytesOf(jwk, 'x', curve.bytes),
    bytesOf(jwk, 'y', curve.bytes),
  ])
  return sequence(sequence(oid('1.2.840.10045.2.1'), oid(curve.oid)), bitString(point))
}

/** A base64url member without padding, of the given size where one is given. */
function bytesOf(jwk: JsonObject, name: string, size?: number): Uint8Array {
  const text = jwk.get(name)
  if (typeof text !== 'string' || text === '') throw refuse(`a key has no member ${name}`)
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.toString('base64url') !== text) throw refuse(`member ${name} of a key is not base64url`)
  if (size !== undefined && bytes.length !== size) {
    throw refuse(`member ${name} of a key has ${bytes.length} bytes, expected ${size}`)
  }
  return bytes
}

function refuse(message: string): SpiffeError {
  return new SpiffeError('ERR_BUNDLE', message)
}
