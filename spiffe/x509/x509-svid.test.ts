import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import {
  extension,
  generalName,
  type Issued,
  issue,
  issueTime,
  read,
} from '../../test/support/issue.ts'
import { TestCa } from '../../test/support/test-ca.ts'
import { x509BundleFromDer, x509BundleSet } from '../bundle/x509-bundle.ts'
import { contextPrimitive, octetString, oid, sequence } from '../der/writer.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { parseTrustDomain } from '../trust-domain.ts'
import { parseCertificate } from './certificate.ts'
import { lintX509Svid, maxChainCertificates, verifyX509Svid, x509SvidId } from './x509-svid.ts'

const ours = new TestCa('example.org')
const theirs = new TestCa('other.test')
const bundles = x509BundleSet(
  [ours, theirs].map(({ trustDomain, certificate }) => x509BundleFromDer(trustDomain, certificate)),
)
const now = new Date()

function refusal(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof SpiffeError) return `${error.code} ${error.message}`
    throw error
  }
  return 'accepted'
}

test('a chain of the own trust domain is accepted and told apart', () => {
  const lower = new TestCa('example.org', { parent: ours, notAfter: new Date(+now + 600_000) })
  const svid = verifyX509Svid(lower.svid('/ns/a/app').chain, bundles, now)
  assert.equal(svid.id, 'spiffe://example.org/ns/a/app')
  assert.equal(svid.path.length, 3)
  assert.equal(svid.issuerKeyId, svid.path[1]?.subjectKeyId)
  assert.equal(svid.notAfter.getTime(), svid.path[1]?.notAfter.getTime())
})

test('an authority of another trust domain signs nothing of ours [X5-9 WL-6]', () => {
  const foreign = theirs.svid('spiffe://example.org/ns/a/app').chain
  assert.match(
    refusal(() => verifyX509Svid(foreign, bundles, now)),
    /^ERR_X509_PATH/,
  )
  const withRoot = [...foreign, theirs.certificate]
  assert.match(
    refusal(() => verifyX509Svid(withRoot, bundles, now)),
    /^ERR_X509_PATH/,
  )
  const unknown = new TestCa('unknown.test').svid('/x').chain
  assert.match(
    refusal(() => verifyX509Svid(unknown, bundles, now)),
    /no X\.509 bundle for trust domain/,
  )
})

test('a bundle without authorities trusts nobody [BN-4 WL-6]', () => {
  const empty = x509BundleSet([{ trustDomain: ours.trustDomain, authorities: [] }])
  assert.match(
    refusal(() => verifyX509Svid(ours.svid('/x').chain, empty, now)),
    /^ERR_X509_PATH/,
  )
})

test('the chain has a leaf and a length limit', () => {
  const [leaf = new Uint8Array()] = ours.svid('/x').chain
  assert.match(
    refusal(() => verifyX509Svid([], bundles, now)),
    /chain is empty/,
  )
  const long = Array.from({ length: maxChainCertificates + 1 }, () => leaf)
  assert.match(
    refusal(() => verifyX509Svid(long, bundles, now)),
    /more than 16/,
  )
})

test('a CA without subject key id has the id that its key makes', () => {
  const root = issue({ subject: 'root', isCa: true })
  const leaf = issue({ subject: 'x', issuer: root, names: [generalName.uri('spiffe://td/x')] })
  const source = x509BundleSet([x509BundleFromDer(parseTrustDomain('td'), root.der)])
  const { issuerKeyId } = verifyX509Svid([leaf.der], source, issueTime)
  const point = read(root).spki.subarray(-65)
  assert.equal(issuerKeyId, createHash('sha1').update(point).digest('hex'))
})

test('each rule of the leaf profile is applied before any path is looked for [X5-1 X5-2 X5-6 X5-7 X5-8 X5-10 EDGE-12]', () => {
  const names = [generalName.uri('spiffe://td/x')]
  const purposes = (...ids: readonly string[]): Uint8Array =>
    extension('2.5.29.37', sequence(...ids.map(oid)))
  const leaves: readonly (readonly [RegExp, Partial<Parameters<typeof issue>[0]>])[] = [
    [/^accepted$/, { names }],
    [/^accepted$/, { names: [...names, generalName.dns('a.test')] }],
    [/^accepted$/, { names, keyUsage: [0, 2, 4] }],
    [/no URI SAN/, {}],
    [/no URI SAN/, { names: [generalName.dns('td')] }],
    [/more than one URI SAN/, { names: [...names, ...names] }],
    [/more than one URI SAN/, { names: [...names, generalName.uri('https://a.test')] }],
    [/^ERR_SPIFFE_ID scheme/, { names: [generalName.uri('https://td/x')] }],
    [/has no path/, { names: [generalName.uri('spiffe://td')] }],
    [/CA flag/, { names, isCa: true, keyUsage: [0] }],
    [/KeyCertSign/, { names, keyUsage: [0, 5] }],
    [/KeyCrlSign/, { names, keyUsage: [0, 6] }],
    [/without key usage/, { names, keyUsage: [] }],
    [/digitalSignature/, { names, keyUsage: [2] }],
    [/serverAuth/, { names, extensions: [purposes('1.3.6.1.5.5.7.3.2')] }],
    [/serverAuth/, { names, extensions: [purposes('2.5.29.37.0')] }],
  ]
  for (const [message, shape] of leaves) {
    const leaf = read(issue({ subject: 'x', ...shape }))
    assert.match(
      refusal(() => x509SvidId(leaf)),
      message,
    )
  }
})

test('a CA authenticates nobody, whatever its names [X5-5]', () => {
  const named = issue({
    subject: 'ca',
    isCa: true,
    keyUsage: [0, 5],
    names: [generalName.uri('spiffe://td/x')],
  })
  const source = x509BundleSet([x509BundleFromDer(parseTrustDomain('td'), named.der)])
  assert.match(
    refusal(() => verifyX509Svid([named.der], source, issueTime)),
    /CA flag/,
  )
})

test('ID and key are under the signature [SID-13]', () => {
  const [leaf = new Uint8Array()] = ours.svid('/ns/a/app').chain
  const [other = new Uint8Array()] = ours.svid('/ns/a/app').chain
  const swapped = (from: Uint8Array, to: Uint8Array): Uint8Array => {
    const changed = Buffer.from(leaf)
    changed.set(to, changed.indexOf(from))
    return changed
  }
  const renamed = swapped(Buffer.from('/ns/a/app'), Buffer.from('/ns/b/app'))
  const rekeyed = swapped(parseCertificate(leaf).spki, parseCertificate(other).spki)
  for (const changed of [renamed, rekeyed]) {
    assert.match(
      refusal(() => verifyX509Svid([changed], bundles, now)),
      /^ERR_X509_PATH/,
    )
  }
})

test('names are critical where there is no subject [X5-3]', () => {
  const names = sequence(generalName.uri('spiffe://td/x'))
  const keyId = Buffer.alloc(20, 1)
  const others = [
    extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
    extension('2.5.29.14', octetString(keyId)),
    extension('2.5.29.35', sequence(contextPrimitive(0, keyId))),
  ]
  const issuer = issue({ subject: 'root', isCa: true })
  const lint = (critical?: 'critical'): string =>
    refusal(() => {
      const extensions = [...others, extension('2.5.29.17', names, critical)]
      const serial = Buffer.alloc(16, 1)
      lintX509Svid(issue({ subject: sequence(), issuer, serial, extensions }).der)
    })
  assert.equal(lint('critical'), 'accepted')
  assert.match(lint(), /subject/)
})

test('our own CA signs only what a strict peer will take [PLANE-6]', () => {
  const key = (curve: string): Issued['key'] =>
    generateKeyPairSync('ec', { namedCurve: curve }).privateKey
  const [leaf = new Uint8Array()] = ours.svid('/x', { key: key('P-256') }).chain
  assert.equal(
    refusal(() => {
      lintX509Svid(leaf)
    }),
    'accepted',
  )
  const bare = issue({ subject: 'x', names: [generalName.uri('spiffe://td/x')] })
  assert.match(
    refusal(() => {
      lintX509Svid(bare.der)
    }),
    /64 bits/,
  )
  const wide = ours.svid('/x', { notBefore: now, notAfter: now }).chain[0] ?? leaf
  assert.match(
    refusal(() => {
      lintX509Svid(wide)
    }),
    /validity/,
  )
  assert.match(
    refusal(() => {
      lintX509Svid(ours.certificate)
    }),
    /^ERR_X509_SVID/,
  )
})
