import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { x509BundleSet } from '../../spiffe/bundle/x509-bundle.ts'
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import { verifyX509Svid } from '../../spiffe/x509/x509-svid.ts'
import { openCa } from '../../test/support/ca.ts'
import { issuanceIntents } from '../datastore/collections/issuance-intents.ts'
import { recordKey } from '../datastore/collections/record-key.ts'
import type { Datastore } from '../datastore/datastore.ts'
import type { CertificateAuthority } from './certificate-authority.ts'
import { createSvidIssuer } from './issue.ts'

const id = parseSpiffeId('spiffe://example.org/ns/default/billing')
const leafKey = spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)

function spkiOf(key: KeyObject): Uint8Array {
  return key.export({ format: 'der', type: 'spki' })
}

async function bundlesOf(ca: CertificateAuthority) {
  const authorities = ca.authorities.flatMap(({ certificate }) =>
    certificate === undefined ? [] : [parseCertificate(certificate)],
  )
  return x509BundleSet([{ trustDomain: ca.settings.trustDomain, authorities }])
}

async function intentsOf(store: Datastore) {
  return (await store.read((snapshot) => issuanceIntents.list(snapshot))).values
}

describe('an issued X509-SVID', () => {
  for (const x509KeyType of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
    it(`of a CA with ${x509KeyType} is accepted by our validator and by OpenSSL`, async (t) => {
      const { ca, issuer, clock } = await openCa(t, { x509KeyType })
      const svid = await issuer.signX509Svid({ id, publicKeySpki: leafKey, ttlSeconds: 20 })
      const verified = verifyX509Svid(svid.chain, await bundlesOf(ca), clock.now())
      assert.equal(verified.id, id)
      assert.equal(verified.issuerKeyId, svid.issuerKeyId)
      assert.deepEqual(verified.leaf.notAfter, svid.notAfter)
      assert.equal(verified.leaf.serial, svid.serial)
      const [leaf] = svid.chain
      const { authority } = await ca.signing('x509')
      const root = new X509Certificate(authority.certificate ?? '')
      assert.ok(new X509Certificate(leaf ?? '').checkIssued(root))
      assert.ok(new X509Certificate(leaf ?? '').verify(root.publicKey))
    })
  }

  it('says what SPIRE says, with digitalSignature alone [X5-6 X5-7 X5-8 EDGE-19]', async (t) => {
    const { issuer, clock, ca } = await openCa(t)
    const svid = await issuer.signX509Svid({
      id,
      publicKeySpki: leafKey,
      dnsNames: ['billing.example.org', '*.billing.example.org'],
      ttlSeconds: 20,
    })
    const [der] = svid.chain
    assert.ok(der)
    assert.equal(svid.chain.length, 1)
    const openssl = new X509Certificate(der)
    assert.equal(openssl.subject, 'C=US\nO=SPIRE\nCN=billing.example.org')
    assert.equal(
      openssl.subjectAltName,
      `DNS:billing.example.org, DNS:*.billing.example.org, URI:${id}`,
    )
    const leaf = parseCertificate(der)
    assert.deepEqual([...(leaf.extensions.keyUsage ?? [])], [0])
    assert.deepEqual([...leaf.extensions.critical].sort(), ['2.5.29.15', '2.5.29.19'])
    assert.deepEqual(leaf.extensions.extendedKeyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
    assert.equal(leaf.isCa, false)
    assert.equal(leaf.authorityKeyId, (await ca.signing('x509')).authority.keyId)
    assert.match(leaf.subjectKeyId ?? '', /^[0-9a-f]{40}$/)
    assert.equal(leaf.notBefore.getTime(), clock.now().getTime() - 10_000)
    assert.equal(leaf.notAfter.getTime(), clock.now().getTime() + 20_000)
  })

  it('takes a subject without common name where the first DNS name is too long for one', async (t) => {
    const { issuer } = await openCa(t)
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}`
    const { chain } = await issuer.signX509Svid({
      id,
      publicKeySpki: leafKey,
      dnsNames: [long],
      ttlSeconds: 20,
    })
    const leaf = new X509Certificate(chain[0] ?? '')
    assert.equal(leaf.subject, 'C=US\nO=SPIRE')
    assert.equal(leaf.subjectAltName, `DNS:${long}, URI:${id}`)
  })

  it('ends with its CA where it would outlive it [EDGE-19]', async (t) => {
    const { ca, issuer, clock } = await openCa(t)
    clock.advance(25)
    const svid = await issuer.signX509Svid({ id, publicKeySpki: leafKey, ttlSeconds: 3600 })
    assert.deepEqual(svid.notAfter, (await ca.signing('x509')).authority.notAfter)
  })

  it('is signed for RSA and P-384 keys too', async (t) => {
    const { issuer, ca, clock } = await openCa(t)
    for (const { publicKey } of [
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
      generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    ]) {
      const publicKeySpki = spkiOf(publicKey)
      const svid = await issuer.signX509Svid({ id, publicKeySpki, ttlSeconds: 20 })
      const { leaf } = verifyX509Svid(svid.chain, await bundlesOf(ca), clock.now())
      assert.deepEqual(Buffer.from(leaf.spki), publicKeySpki)
    }
  })

  it('keeps to the profile whatever identity, names and lifetime it is for', async (t) => {
    const { ca, issuer, clock } = await openCa(t, { caTtlSeconds: 3600 })
    const { authority } = await ca.signing('x509')
    const bundles = await bundlesOf(ca)
    const serials = new Set<string>()
    const segment = fc
      .stringMatching(/^[A-Za-z0-9._-]{1,40}$/)
      .filter((text) => !/^\.\.?$/.test(text))
    const path = fc.array(segment, { minLength: 1, maxLength: 8 })
    const label = fc.stringMatching(/^[a-z0-9]{1,63}$/)
    const dnsNames = fc.array(fc.array(label, { minLength: 1, maxLength: 3 }), { maxLength: 4 })
    const anyRequest = fc.tuple(path, dnsNames, fc.integer({ min: 1, max: 10_000 }))
    await fc.assert(
      fc.asyncProperty(anyRequest, async ([segments, names, ttlSeconds]) => {
        const request = {
          id: parseSpiffeId(`spiffe://example.org/${segments.join('/')}`),
          publicKeySpki: leafKey,
          dnsNames: names.map((labels) => labels.join('.')),
          ttlSeconds,
        }
        const svid = await issuer.signX509Svid(request)
        const { id: verified, leaf } = verifyX509Svid(svid.chain, bundles, clock.now())
        assert.equal(verified, request.id)
        assert.ok(leaf.notAfter <= authority.notAfter)
        assert.ok(leaf.notAfter.getTime() - clock.now().getTime() <= ttlSeconds * 1000)
        assert.ok(!serials.has(svid.serial))
        serials.add(svid.serial)
      }),
      { numRuns: 300 },
    )
  })

  it('goes on verifying across a rotation of the CA', async (t) => {
    const { ca, issuer, clock } = await openCa(t)
    const before = await issuer.signX509Svid({ id, publicKeySpki: leafKey, ttlSeconds: 60 })
    clock.advance(30)
    await ca.rotate()
    clock.advance(20)
    await ca.rotate()
    const after = await issuer.signX509Svid({ id, publicKeySpki: leafKey, ttlSeconds: 60 })
    assert.notEqual(after.issuerKeyId, before.issuerKeyId)
    for (const { chain } of [before, after]) {
      assert.equal(verifyX509Svid(chain, await bundlesOf(ca), clock.now()).id, id)
    }
  })
})

describe('issuing X509-SVIDs', () => {
  it('keeps an intent of each, which names what was signed [REC-15]', async (t) => {
    const { issuer, store } = await openCa(t)
    const agentId = parseSpiffeId('spiffe://example.org/spire/agent/join_token/1')
    const svid = await issuer.signX509Svid({
      id,
      publicKeySpki: leafKey,
      ttlSeconds: 20,
      entryId: 'entry-1',
      agentId,
    })
    const [intent] = await intentsOf(store)
    assert.ok(intent)
    const { tbsDigest, ...facts } = intent
    assert.match(tbsDigest, /^[0-9a-f]{64}$/)
    assert.deepEqual(facts, {
      serial: svid.serial,
      id,
      issuerKeyId: svid.issuerKeyId,
      notAfter: svid.notAfter,
      entryId: 'entry-1',
      agentId,
    })
  })

  it('forgets intents when their SVIDs have expired', async (t) => {
    const { ca, issuer, store, clock } = await openCa(t, { caTtlSeconds: 3600 })
    await issuer.signX509Svid({ id, publicKeySpki: leafKey, ttlSeconds: 20 })
    const later = await issuer.signX509Svid({ id, publicKeySpki: leafKey, ttlSeconds: 40 })
    clock.advance(21)
    await ca.rotate()
    assert.deepEqual(
      (await intentsOf(store)).map(({ serial }) => serial),
      [later.serial],
    )
  })

  it('signs a batch in order, with one commit', async (t) => {
    const { issuer, store } = await openCa(t)
    const { revision } = await store.read(async (snapshot) => snapshot)
    const ids = Array.from({ length: 100 }, (_, n) => parseSpiffeId(`spiffe://example.org/w/${n}`))
    const svids = await issuer.signX509Svids(
      ids.map((each) => ({ id: each, publicKeySpki: leafKey, ttlSeconds: 20 })),
    )
    assert.deepEqual(
      svids.map((svid) => svid.id),
      ids,
    )
    assert.equal(new Set(svids.map(({ serial }) => serial)).size, 100)
    assert.equal(await store.read(async (snapshot) => snapshot.revision), revision + 1)
  })

  it('signs nothing when one of a batch cannot be signed', async (t) => {
    const { issuer, store } = await openCa(t)
    const good = { id, publicKeySpki: leafKey, ttlSeconds: 20 }
    const bad = { ...good, publicKeySpki: leafKey.slice(1) }
    await assert.rejects(issuer.signX509Svids([good, bad]))
    assert.deepEqual(await intentsOf(store), [])
  })

  it('refuses what a leaf must not be [PLANE-6]', async (t) => {
    const { issuer, store } = await openCa(t)
    const good = { id, publicKeySpki: leafKey, ttlSeconds: 20 }
    const request = { code: 'ERR_CA_REQUEST' }
    const lint = { code: 'ERR_CA_LINT' }
    const root = parseSpiffeId('spiffe://example.org')
    const foreign = parseSpiffeId('spiffe://other.org/a')
    await assert.rejects(issuer.signX509Svid({ ...good, id: root }), request)
    await assert.rejects(issuer.signX509Svid({ ...good, id: foreign }), request)
    for (const ttlSeconds of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await assert.rejects(issuer.signX509Svid({ ...good, ttlSeconds }), request)
    }
    for (const publicKeySpki of [
      new Uint8Array(),
      leafKey.slice(1),
      Buffer.concat([leafKey, leafKey]),
    ]) {
      await assert.rejects(issuer.signX509Svid({ ...good, publicKeySpki }), lint)
    }
    assert.deepEqual(await intentsOf(store), [])
  })

  it('refuses a serial number that is short', async (t) => {
    const { ca, store, clock } = await openCa(t)
    const newSerial = () => Uint8Array.of(7)
    const issuer = createSvidIssuer({ ca, store, clock, newSerial })
    const signing = issuer.signX509Svid({ id, publicKeySpki: leafKey, ttlSeconds: 20 })
    await assert.rejects(signing, { code: 'ERR_CA_LINT' })
  })

  it('never uses a serial number twice [REC-15]', async (t) => {
    const { ca, store, clock } = await openCa(t)
    const issuer = createSvidIssuer({
      ca,
      store,
      clock,
      newSerial: () => new Uint8Array(16).fill(7),
    })
    const request = { id, publicKeySpki: leafKey, ttlSeconds: 20 }
    await issuer.signX509Svid(request)
    await assert.rejects(issuer.signX509Svid(request))
  })

  it('hands out nothing when the record it was decided on has changed', async (t) => {
    const { issuer, store } = await openCa(t)
    const key = recordKey('agent', 'a')
    const written = await store.commit([{ kind: 'put', key, value: Buffer.from('attested') }])
    assert.ok(written.committed)
    const decidedOn = [{ key, revision: written.revision }]
    const request = { id, publicKeySpki: leafKey, ttlSeconds: 20, decidedOn }
    await issuer.signX509Svids([request, request])
    await store.commit([{ kind: 'put', key, value: Buffer.from('banned') }])
    await assert.rejects(issuer.signX509Svid(request), { code: 'ERR_CA_SUPERSEDED' })
  })
})
