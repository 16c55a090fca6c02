import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { test } from 'node:test'
import { z } from 'zod'
import { readVectors } from '../../test/support/vectors.ts'
import { context, integer, nullValue, oid, sequence } from '../der/writer.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { readPublicKey } from './public-key.ts'
import { checkSignature } from './signature.ts'

const suite = z.object({
  testGroups: z.array(
    z.object({
      publicKeyDer: z.string().optional(),
      tests: z.array(
        z.object({ tcId: z.number(), msg: z.string(), sig: z.string(), result: z.string() }),
      ),
    }),
  ),
})

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const message = Buffer.from('signed bytes')
const sha256 = '2.16.840.1.101.3.4.2.1'

function isValid(algorithm: Uint8Array, key: KeyObject, signature: Uint8Array, signed = message) {
  try {
    checkSignature('it', { signed, algorithm, signature }, key)
    return true
  } catch (error) {
    if (error instanceof SpiffeError) return false
    throw error
  }
}

function pss(hash: string, maskHash: string, saltLength: number): Uint8Array {
  const hashAlgorithm = (id: string): Uint8Array => sequence(oid(id), nullValue())
  return sequence(
    oid('1.2.840.113549.1.1.10'),
    sequence(
      context(0, hashAlgorithm(hash)),
      context(1, sequence(oid('1.2.840.113549.1.1.8'), hashAlgorithm(maskHash))),
      context(2, integer(saltLength)),
    ),
  )
}

for (const [file, algorithm] of [
  ['ecdsa_secp256r1_sha256_test', sequence(oid('1.2.840.10045.4.3.2'))],
  ['rsa_signature_2048_sha256_test', sequence(oid('1.2.840.113549.1.1.11'), nullValue())],
] as const) {
  test(`signatures of Wycheproof's ${file} are told right from wrong`, () => {
    const { testGroups } = suite.parse(readVectors(`wycheproof/${file}.json`))
    const wrong: string[] = []
    for (const { publicKeyDer = '', tests } of testGroups) {
      const key = readPublicKey(Buffer.from(publicKeyDer, 'hex'))
      for (const { tcId, msg, sig, result } of tests) {
        const signed = Buffer.from(msg, 'hex')
        const accepted = isValid(algorithm, key, Buffer.from(sig, 'hex'), signed)
        // The few that are called acceptable may go either way; none is more than a legacy form.
        if (result !== 'acceptable' && accepted !== (result === 'valid')) wrong.push(String(tcId))
      }
    }
    assert.deepEqual(wrong, [])
  })
}

test('RSA-PSS is taken with SHA-2 and one hash throughout', () => {
  const padding = constants.RSA_PKCS1_PSS_PADDING
  for (const saltLength of [0, 20, 32, 222]) {
    const signature = sign('sha256', message, { key: rsa.privateKey, padding, saltLength })
    assert.ok(isValid(pss(sha256, sha256, saltLength), rsa.publicKey, signature))
    assert.ok(!isValid(pss(sha256, sha256, saltLength + 1), rsa.publicKey, signature))
    assert.ok(!isValid(pss(sha256, '2.16.840.1.101.3.4.2.2', saltLength), rsa.publicKey, signature))
    assert.ok(!isValid(pss('1.3.14.3.2.26', '1.3.14.3.2.26', saltLength), rsa.publicKey, signature))
  }
  const defaults = sequence(oid('1.2.840.113549.1.1.10'), sequence())
  const sha1 = sign('sha1', message, { key: rsa.privateKey, padding, saltLength: 20 })
  assert.ok(!isValid(defaults, rsa.publicKey, sha1))
})

test('an algorithm goes with its type of key and with its own parameters only', () => {
  const ecdsa = sign('sha256', message, p256.privateKey)
  const ecdsaId = oid('1.2.840.10045.4.3.2')
  assert.ok(isValid(sequence(ecdsaId), p256.publicKey, ecdsa))
  assert.ok(!isValid(sequence(ecdsaId), rsa.publicKey, ecdsa))
  assert.ok(!isValid(sequence(ecdsaId, nullValue()), p256.publicKey, ecdsa))
  assert.ok(!isValid(sequence(ecdsaId), p256.publicKey, Buffer.concat([ecdsa, Buffer.of(0)])))
  const pkcs1 = sign('sha256', message, rsa.privateKey)
  assert.ok(isValid(sequence(oid('1.2.840.113549.1.1.11')), rsa.publicKey, pkcs1))
  assert.ok(!isValid(pss(sha256, sha256, 32), rsa.publicKey, pkcs1))
})

test('SHA-1, MD5, SHA-224 and weak RSA keys count for nothing', () => {
  for (const [id, hash] of [
    ['1.2.840.113549.1.1.5', 'sha1'],
    ['1.2.840.113549.1.1.4', 'md5'],
    ['1.2.840.113549.1.1.14', 'sha224'],
  ] as const) {
    const signature = sign(hash, message, rsa.privateKey)
    assert.ok(!isValid(sequence(oid(id), nullValue()), rsa.publicKey, signature), hash)
  }
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const signature = sign('sha256', message, small.privateKey)
  assert.ok(
    !isValid(sequence(oid('1.2.840.113549.1.1.11'), nullValue()), small.publicKey, signature),
  )
})

test('public keys have one encoding and a curve that is known', () => {
  const spki = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' })
  for (const key of [p256.publicKey, rsa.publicKey, generateKeyPairSync('ed25519').publicKey]) {
    assert.ok(readPublicKey(spki(key)).equals(key))
  }
  const offCurve = spki(p256.publicKey)
  offCurve[offCurve.length - 1] = (offCurve.at(-1) ?? 0) ^ 1
  const explicit = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })
  const refused: readonly (readonly [what: string, der: Uint8Array])[] = [
    ['point off the curve', offCurve],
    ['trailing byte', Buffer.concat([spki(p256.publicKey), Buffer.of(0)])],
    ['explicit parameters', spki(explicit.publicKey)],
    ['secp256k1', spki(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
    ['X25519', spki(generateKeyPairSync('x25519').publicKey)],
    [
      'DSA',
      spki(generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).publicKey),
    ],
  ]
  for (const [what, der] of refused) assert.throws(() => readPublicKey(der), SpiffeError, what)
})
