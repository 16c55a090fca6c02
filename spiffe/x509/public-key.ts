// SubjectPublicKeyInfo: which public keys exist for us. RFC 5280 section 4.1.2.7, RFC 5480, RFC
// 8017 appendix A.1.1, RFC 8410. OpenSSL takes more (explicit curve parameters, hybrid points,
// any curve), so the structure is read here before OpenSSL sees it.

import { createPublicKey, type KeyObject } from 'node:crypto'

import {
  bitStringBytesOf,
  type DerReader,
  derTag,
  integerOf,
  oidOf,
  readDer,
} from '../der/reader.ts'
import { SpiffeError } from '../spiffe-error.ts'

const keyAlgorithm = {
  ec: '1.2.840.10045.2.1',
  rsa: '1.2.840.113549.1.1.1',
  rsaPss: '1.2.840.113549.1.1.10',
  ed25519: '1.3.101.112',
} as const

/** Bytes of one coordinate, by the OID of the curve. */
const curveBytes: Readonly<Record<string, number>> = {
  '1.2.840.10045.3.1.7': 32,
  '1.3.132.0.34': 48,
  '1.3.132.0.35': 66,
}

/** RSA keys outside these sizes verify nothing: smaller is weak, larger is a load on the verifier. */
const rsaBits = { least: 2048, most: 8192 } as const

/**
 * The public key of a DER SubjectPublicKeyInfo: EC on P-256, P-384 or P-521 as an uncompressed
 * point, RSA, RSA-PSS or Ed25519. Strength is `publicKeyWeakness`'s business. Throws
 * `ERR_PUBLIC_KEY` or `ERR_DER`.
 */
export function readPublicKey(spki: Uint8Array): KeyObject {
  const info = readDer(spki, derTag.sequence, 'public key')
  const algorithm = info.sequence('public key algorithm')
  const bits = bitStringBytesOf(info.expect(derTag.bitString, 'public key').body, 'public key')
  info.end('public key')
  checkEncoding(algorithm, bits)
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch (cause) {
    throw new SpiffeError('ERR_PUBLIC_KEY', 'public key is not valid for its type', { cause })
  }
}

/** Why a key must not be trusted to sign anything, or undefined for one that is strong enough. */
export function publicKeyWeakness(key: KeyObject): string | undefined {
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {}
  if (modulusLength === undefined) return undefined
  if (modulusLength < rsaBits.least) return `RSA key has fewer than ${rsaBits.least} bits`
  if (modulusLength > rsaBits.most) return `RSA key has more than ${rsaBits.most} bits`
  if (modulusLength % 8 !== 0) return 'RSA key is not a whole number of bytes'
  const exponent = publicExponent ?? 0n
  return exponent < 3n || exponent % 2n === 0n || exponent >= 2n ** 64n
    ? 'RSA public exponent is not an odd number from 3 to 2^64'
    : undefined
}

function checkEncoding(algorithm: DerReader, bits: Uint8Array): void {
  const type = oidOf(algorithm.expect(derTag.oid, 'public key type').body, 'public key type')
  switch (type) {
    case keyAlgorithm.ec:
      checkPoint(oidOf(algorithm.expect(derTag.oid, 'named curve').body, 'named curve'), bits)
      break
    case keyAlgorithm.rsa:
      if (algorithm.expect(derTag.null, 'RSA parameters').body.length > 0) {
        throw refuse('RSA parameters are not empty')
      }
      checkRsaKey(bits)
      break
    case keyAlgorithm.rsaPss:
      // Whatever limits the parameters set, OpenSSL enforces them when it verifies.
      algorithm.optional(derTag.sequence, 'RSA-PSS parameters')
      checkRsaKey(bits)
      break
    case keyAlgorithm.ed25519:
      if (bits.length !== 32) throw refuse('Ed25519 key is not 32 bytes')
      break
    default:
      throw refuse(`public key type ${type} is not supported`)
  }
  algorithm.end('public key algorithm')
}

function checkPoint(curve: string, point: Uint8Array): void {
  const bytes = Object.hasOwn(curveBytes, curve) ? curveBytes[curve] : undefined
  if (bytes === undefined) throw refuse(`curve ${curve} is not supported`)
  if (point[0] !== 0x04 || point.length !== 1 + 2 * bytes) {
    throw refuse('EC point is not in uncompressed form')
  }
}

function checkRsaKey(bits: Uint8Array): void {
  const key = readDer(bits, derTag.sequence, 'RSA key')
  for (const what of ['RSA modulus', 'RSA public exponent']) {
    const number = integerOf(key.expect(derTag.integer, what).body, what)
    if ((number[0] ?? 0x80) >= 0x80) throw refuse(`${what} is negative`)
  }
  key.end('RSA key')
}

function refuse(message: string): SpiffeError {
  return new SpiffeError('ERR_PUBLIC_KEY', message)
}
