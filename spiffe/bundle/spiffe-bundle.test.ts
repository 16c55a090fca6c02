import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { issue, read } from '../../test/support/issue.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { parseTrustDomain } from '../trust-domain.ts'
import { formatSpiffeBundle, parseSpiffeBundle, type SpiffeBundle } from './spiffe-bundle.ts'

const trustDomain = parseTrustDomain('example.org')
const root = issue({ subject: 'root', isCa: true })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey

const spki = (key: KeyObject): Uint8Array => key.export({ format: 'der', type: 'spki' })
const parse = (document: unknown): SpiffeBundle =>
  parseSpiffeBundle(trustDomain, Buffer.from(JSON.stringify(document)))

const x509Key = {
  use: 'x509-svid',
  ...read(root).publicKey.export({ format: 'jwk' }),
  x5c: [root.der].map((der) => Buffer.from(der).toString('base64')),
}
const jwtKey = { use: 'jwt-svid', kid: 'one', ...ec.export({ format: 'jwk' }) }

function counts(...keys: readonly unknown[]): string {
  try {
    const bundle = parse({ keys })
    return `${bundle.x509Authorities.length} ${bundle.jwtAuthorities.length}`
  } catch (error) {
    if (error instanceof SpiffeError && error.code === 'ERR_BUNDLE') return error.message
    throw error
  }
}

test('a bundle that was written is read again', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey
  const bundle: SpiffeBundle = {
    trustDomain,
    x509Authorities: [{ certificate: read(root), tainted: false }],
    jwtAuthorities: [ec, rsa, p384].map((key, at) => ({
      keyId: `key ${at}`,
      publicKey: spki(key),
      tainted: false,
    })),
    refreshHintSeconds: 300,
    sequenceNumber: 2n ** 64n - 1n,
  }
  const again = parseSpiffeBundle(trustDomain, Buffer.from(formatSpiffeBundle(bundle)))
  assert.deepEqual(again.x509Authorities[0]?.certificate.der, Buffer.from(root.der))
  assert.deepEqual(
    again.jwtAuthorities.map(({ keyId, publicKey }) => [keyId, Buffer.from(publicKey)]),
    bundle.jwtAuthorities.map(({ keyId, publicKey }) => [keyId, publicKey]),
  )
  assert.equal(again.refreshHintSeconds, 300)
  assert.equal(again.sequenceNumber, 18446744073709551615n)
})

test('the document has the layout that SPIRE prints [X5-11 BN-6]', () => {
  const { x, y } = read(root).publicKey.export({ format: 'jwk' })
  const bundle: SpiffeBundle = {
    trustDomain,
    x509Authorities: [{ certificate: read(root), tainted: false }],
    jwtAuthorities: [],
    sequenceNumber: 1n,
    refreshHintSeconds: 0,
  }
  assert.equal(
    formatSpiffeBundle(bundle),
    `{
    "keys": [
        {
            "use": "x509-svid",
            "kty": "EC",
            "crv": "P-256",
            "x": "${x}",
            "y": "${y}",
            "x5c": [
                "${Buffer.from(root.der).toString('base64')}"
            ]
        }
    ],
    "spiffe_sequence": 1
}
`,
  )
  const empty = { trustDomain, x509Authorities: [], jwtAuthorities: [] }
  assert.equal(formatSpiffeBundle(empty), '{\n    "keys": []\n}\n')
})

test('entries that the standard ignores do not disturb the others [X5-12 BN-5]', () => {
  assert.equal(counts(x509Key, jwtKey), '1 1')
  assert.equal(counts(x509Key, x509Key), '1 0')
  assert.equal(counts({ ...jwtKey, use: 'wit-svid' }, jwtKey), '0 1')
  assert.equal(counts({ ...jwtKey, use: undefined }, jwtKey), '0 1')
  assert.equal(counts({ ...jwtKey, kty: 'AKP' }, { ...jwtKey, kty: undefined }, jwtKey), '0 1')
  assert.equal(counts({ ...x509Key, x5c: [] }, { ...x509Key, x5c: undefined }, jwtKey), '0 1')
  assert.equal(counts({ ...x509Key, x5c: [...x509Key.x5c, 'anything'] }), '1 0')
  const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  assert.equal(counts({ use: 'jwt-svid', kid: 'ed', ...ed25519 }, jwtKey), '0 1')
})

test('parameters that the standard does not define are neither asked for nor minded [BN-1]', () => {
  assert.deepEqual(parse({ keys: [jwtKey] }).jwtAuthorities.length, 1)
  const more = { keys: [{ ...jwtKey, alg: 'ES256', added: { by: 'somebody' } }], added: [1] }
  assert.deepEqual(parse(more).jwtAuthorities, parse({ keys: [jwtKey] }).jwtAuthorities)
})

test('a key counts for its own use only, whatever else it brings along [WL-15]', () => {
  assert.equal(counts({ ...x509Key, kid: 'one' }), '1 0')
  assert.equal(counts({ ...jwtKey, x5c: x509Key.x5c }), '0 1')
})

test('an entry that breaks the rules of its use refuses the document', () => {
  const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const leaf = issue({ subject: 'leaf', issuer: root })
  const leafKey = {
    use: 'x509-svid',
    ...read(leaf).publicKey.export({ format: 'jwk' }),
    x5c: [Buffer.from(leaf.der).toString('base64')],
  }
  const refused: readonly (readonly [RegExp, ...unknown[]])[] = [
    [/no key id/, { ...jwtKey, kid: undefined }],
    [/no key id/, { ...jwtKey, kid: '' }],
    [/two JWT authorities/, jwtKey, jwtKey],
    [/private member d/, { ...jwtKey, d: 'AAAA' }],
    [/symmetric/, { use: 'jwt-svid', kid: 'k', kty: 'oct', k: 'AAAA' }],
    [/2048 bits/, { use: 'jwt-svid', kid: 'k', ...rsa1024.export({ format: 'jwk' }) }],
    [/unknown curve/, { ...jwtKey, crv: 'secp256k1' }],
    [/not valid for its type/, { ...jwtKey, y: jwtKey.x }],
    [/expected 32/, { ...jwtKey, x: `${jwtKey.x}AA`.slice(0, 44) }],
    [/not base64url/, { ...jwtKey, x: `${jwtKey.x}=` }],
    [/not a CA/, leafKey],
    [/not the one in its certificate/, { ...x509Key, ...ec.export({ format: 'jwk' }) }],
    [/not base64/, { ...x509Key, x5c: [` ${x509Key.x5c[0]}`] }],
    [/no list of certificates/, { ...x509Key, x5c: x509Key.x5c[0] }],
    [/not a JSON object/, 'key'],
  ]
  for (const [message, ...keys] of refused) assert.match(counts(...keys), message)
})

test('the document is one JSON object with a list of keys, read strictly [BN-4]', () => {
  for (const document of [null, [], {}, { keys: null }, { keys: {} }, { Keys: [] }]) {
    assert.throws(() => parse(document), { code: 'ERR_BUNDLE' })
  }
  for (const text of ['', '{"keys":[]} x', '{"keys":[],"keys":[]}', '\ufeff{"keys":[]}']) {
    assert.throws(() => parseSpiffeBundle(trustDomain, Buffer.from(text)), { code: 'ERR_BUNDLE' })
  }
  const crowd = { keys: Array.from({ length: 2001 }, () => ({})) }
  assert.throws(() => parse(crowd), /more than 2000 keys/)
})

test('sequence number and refresh hint are whole numbers of 64 bits [BN-2 BN-3]', () => {
  for (const name of ['spiffe_sequence', 'spiffe_refresh_hint']) {
    for (const value of ['-1', '1.5', '1e3', '"1"', '18446744073709551616', 'true']) {
      const text = `{"keys":[],"${name}":${value}}`
      assert.throws(() => parseSpiffeBundle(trustDomain, Buffer.from(text)), { code: 'ERR_BUNDLE' })
    }
  }
  const none = parse({ keys: [], spiffe_sequence: null })
  assert.equal(none.sequenceNumber, undefined)
  assert.equal(parse({ keys: [], spiffe_refresh_hint: 0 }).refreshHintSeconds, 0)
})

test('any JSON is read or refused with ERR_BUNDLE', () => {
  const member = fc.oneof(
    fc.constantFrom('x509-svid', 'jwt-svid', 'EC', 'RSA', 'OKP'),
    fc.jsonValue(),
  )
  const key = fc.record(
    {
      use: member,
      kty: member,
      kid: member,
      crv: member,
      x: member,
      n: member,
      e: member,
      x5c: member,
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      counts(...keys)
    }),
  )
})
