import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { CertificationRequest } from 'pkijs'
import { SpiffeError } from '../spiffe-error.ts'
import { parseSpiffeId } from '../spiffe-id.ts'
import { maxCsrBytes, readCsr, writeCsr } from './csr.ts'
import { bitString, context, integer, nullValue, octetString, oid, sequence } from './writer.ts'

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const uri = parseSpiffeId('spiffe://example.org/workload')

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))
const rsaWithSha256 = sequence(oid('1.2.840.113549.1.1.11'), nullValue())

function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' })
}

/** A request whose parts the test chooses. */
function request(parts: {
  readonly spki: Uint8Array
  readonly signer: KeyObject
  readonly algorithm?: Uint8Array
  readonly hash?: string | null
  readonly attributes?: Uint8Array
  readonly version?: number
}): Uint8Array {
  const { spki, signer, attributes = new Uint8Array(), version = 0 } = parts
  const info = sequence(integer(version), sequence(), spki, context(0, attributes))
  const hash = parts.hash === undefined ? 'sha256' : parts.hash
  const signature = bitString(sign(hash, info, signer))
  return sequence(info, parts.algorithm ?? ecdsaWithSha256, signature)
}

test('a request that was written is read, and pkijs reads the same key', () => {
  const keys = [
    p256,
    generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ]
  for (const key of keys) {
    for (const csr of [writeCsr({ key }), writeCsr({ key, uri })]) {
      const spki = spkiOf(key)
      assert.deepEqual(Buffer.from(readCsr(csr).publicKeySpki), spki)
      assert.ok(readCsr(csr).publicKey.equals(createPublicKey(key)))
      const peer = CertificationRequest.fromBER(csr)
      assert.deepEqual(Buffer.from(peer.subjectPublicKeyInfo.toSchema().toBER()), spki)
    }
  }
})

test('keys that no certificate is made for are refused, however well they sign', () => {
  const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const rsaE3 = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).privateKey
  const ed25519 = generateKeyPairSync('ed25519').privateKey
  const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey
  const refused: readonly (readonly [what: string, csr: Uint8Array])[] = [
    ['RSA-1024', request({ spki: spkiOf(rsa1024), signer: rsa1024, algorithm: rsaWithSha256 })],
    ['e=3', request({ spki: spkiOf(rsaE3), signer: rsaE3, algorithm: rsaWithSha256 })],
    [
      'Ed25519',
      request({
        spki: spkiOf(ed25519),
        signer: ed25519,
        algorithm: sequence(oid('1.3.101.112')),
        hash: null,
      }),
    ],
    ...['P-521', 'secp224r1', 'secp256k1'].map(
      (curve) => [curve, request({ spki: spkiOf(ec(curve)), signer: p256 })] as const,
    ),
  ]
  for (const [what, csr] of refused) assert.throws(() => readCsr(csr), { code: 'ERR_CSR' }, what)
})

test('the request is signed by the key that it brings', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const forged = request({ spki: spkiOf(p256), signer: other })
  assert.throws(() => readCsr(forged), { code: 'ERR_CSR_SIGNATURE' })
  const sha1 = { algorithm: sequence(oid('1.2.840.10045.4.1')), hash: 'sha1' }
  const weak = request({ spki: spkiOf(p256), signer: p256, ...sha1 })
  assert.throws(() => readCsr(weak), { code: 'ERR_CSR_SIGNATURE' })
})

test('size, version and everything behind the end are checked', () => {
  const key = { spki: spkiOf(p256), signer: p256 }
  const large = request({ ...key, attributes: octetString(Buffer.alloc(maxCsrBytes)) })
  assert.throws(() => readCsr(large), /larger than/)
  assert.throws(() => readCsr(request({ ...key, version: 1 })), /version/)
  assert.throws(() => readCsr(Buffer.concat([writeCsr({ key: p256 }), Buffer.of(0)])), /trailing/)
})

test('a request with one byte changed is refused with a SpiffeError', () => {
  const csr = writeCsr({ key: p256, uri })
  fc.assert(
    fc.property(fc.nat({ max: csr.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(csr)
      changed[at] = (changed[at] ?? 0) ^ flip
      assert.throws(() => readCsr(changed), SpiffeError)
    }),
    { numRuns: 300 },
  )
})
