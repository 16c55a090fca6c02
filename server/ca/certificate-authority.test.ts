import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts'
import { parseTrustDomain } from '../../spiffe/trust-domain.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import { type CaUnderTest, caSettings, openCa } from '../../test/support/ca.ts'
import { bundleHistory, bundles } from '../datastore/collections/bundles.ts'
import { changeRecordCodec, changeRecordPrefix } from '../datastore/collections/change-record.ts'
import { openDiskKeyManager } from '../key-managers/disk.ts'
import { memoryKeyManager } from '../key-managers/memory.ts'

const { trustDomain } = caSettings

function states({ ca }: CaUnderTest, kind: 'x509' | 'jwt' = 'x509') {
  return ca.authorities
    .filter((authority) => authority.kind === kind)
    .map(({ slot, state }) => `${slot} ${state}`)
    .sort()
}

async function bundleOf({ store }: CaUnderTest) {
  const bundle = await store.read((snapshot) => bundles.get(snapshot, trustDomain))
  assert.ok(bundle)
  return bundle
}

async function historyOf({ store }: CaUnderTest) {
  return (await store.read((snapshot) => bundleHistory.list(snapshot))).values
}

async function diskFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'countersign-ca-keys-'))
  t.after(() => rm(folder, { recursive: true }))
  return path.join(folder, 'keys')
}

describe('a CA that starts', () => {
  it('has one active authority of each kind, published [SID-12]', async (t) => {
    const under = await openCa(t)
    assert.deepEqual(states(under), ['x509-CA-A active'])
    assert.deepEqual(states(under, 'jwt'), ['JWT-Signer-A active'])
    const bundle = await bundleOf(under)
    assert.equal(bundle.sequenceNumber, 1n)
    const { authority } = await under.ca.signing('x509')
    assert.equal(bundle.x509Authorities[0]?.keyId, authority.keyId)
    const jwt = (await under.ca.signing('jwt')).authority
    assert.match(jwt.keyId, /^[A-Za-z0-9]{32}$/)
    const [published] = bundle.jwtAuthorities
    assert.ok(published)
    assert.equal(published.keyId, jwt.keyId)
    assert.deepEqual(published.publicKey, jwt.publicKey)
  })

  it('has no JWT authorities where JWT-SVIDs are disabled', async (t) => {
    const under = await openCa(t, { jwtSvidsDisabled: true })
    assert.deepEqual(states(under, 'jwt'), [])
    await assert.rejects(under.ca.signing('jwt'), { code: 'ERR_CA_NO_AUTHORITY' })
    assert.deepEqual((await bundleOf(under)).jwtAuthorities, [])
  })

  for (const keyType of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
    it(`makes an authority of ${keyType} that OpenSSL verifies [SID-12 X5-4]`, async (t) => {
      const subject = { country: ['DE', 'FR'], organization: ['Örg'], commonName: 'root' }
      const { ca, clock } = await openCa(t, { x509KeyType: keyType, subject })
      const { authority } = await ca.signing('x509')
      const der = authority.certificate ?? new Uint8Array()
      const openssl = new X509Certificate(der)
      assert.ok(openssl.verify(openssl.publicKey))
      assert.ok(openssl.checkIssued(openssl))
      assert.equal(openssl.ca, true)
      assert.equal(openssl.subjectAltName, 'URI:spiffe://example.org')
      const serial = BigInt(`0x${openssl.serialNumber}`)
      assert.equal(openssl.subject, `C=DE + C=FR\nO=Örg\nCN=root\nserialNumber=${serial}`)
      const certificate = parseCertificate(der)
      assert.deepEqual([...(certificate.extensions.keyUsage ?? [])], [5, 6])
      assert.ok(certificate.extensions.critical.has('2.5.29.15'))
      assert.ok(certificate.extensions.critical.has('2.5.29.19'))
      assert.equal(certificate.subjectKeyId, authority.keyId)
      assert.equal(certificate.authorityKeyId, authority.keyId)
      assert.equal(certificate.notBefore.getTime(), clock.now().getTime() - 10_000)
      assert.equal(certificate.notAfter.getTime(), clock.now().getTime() + 60_000)
    })
  }
})

describe('a CA that rotates', () => {
  it('prepares at half life and activates at five sixths, each key with a name of its own', async (t) => {
    const under = await openCa(t)
    const subjects = new Set<string>()
    for (let round = 0; round < 3; round++) {
      const first = (await under.ca.signing('x509')).authority
      subjects.add(new X509Certificate(first.certificate ?? '').subject)
      under.clock.advance(29)
      await under.ca.rotate()
      assert.equal(states(under).filter((state) => state.endsWith('prepared')).length, 0)
      under.clock.advance(1)
      await under.ca.rotate()
      assert.equal(states(under).filter((state) => state.endsWith('prepared')).length, 1)
      assert.equal((await under.ca.signing('x509')).authority.keyId, first.keyId)
      under.clock.advance(19)
      await under.ca.rotate()
      assert.equal((await under.ca.signing('x509')).authority.keyId, first.keyId)
      under.clock.advance(1)
      await under.ca.rotate()
      assert.notEqual((await under.ca.signing('x509')).authority.keyId, first.keyId)
      // The new one was made 20 s ago: go on where its own life began.
      under.clock.advance(-20)
    }
    assert.equal(subjects.size, 3)
  })

  it('publishes an authority before it signs, and says so [PLANE-7 BN-2]', async (t) => {
    const under = await openCa(t)
    const before = await bundleOf(under)
    const told: string[] = []
    const activateAt: Date[] = []
    under.ca.events.on('prepared', ({ keyId }, at) => {
      told.push(keyId)
      activateAt.push(at)
    })
    under.clock.advance(30)
    await under.ca.rotate()
    const { keyId: next } =
      under.ca.authorities.find(({ kind, state }) => kind === 'x509' && state === 'prepared') ??
      assert.fail()
    const bundle = await bundleOf(under)
    assert.ok(bundle.sequenceNumber > before.sequenceNumber)
    assert.ok(bundle.x509Authorities.some(({ keyId }) => keyId === next))
    assert.ok(told.includes(next))
    assert.equal(activateAt[0]?.getTime(), under.clock.now().getTime() + 20_000)
    const activated: string[] = []
    under.ca.events.on('activated', ({ keyId }) => activated.push(keyId))
    under.clock.advance(20)
    await under.ca.rotate()
    assert.ok(activated.includes(next))
    assert.equal((await bundleOf(under)).x509Authorities.length, 2)
  })

  it('rotates by itself when the time has come', async (t) => {
    const under = await openCa(t)
    // Deadlines do not keep a process alive.
    const alive = setTimeout(() => assert.fail('nothing came'), 30_000)
    t.after(() => clearTimeout(alive))
    const prepared = once(under.ca.events, 'prepared')
    under.clock.advance(30)
    await prepared
    const activated = once(under.ca.events, 'activated')
    under.clock.advance(20)
    await activated
  })

  it('signs on after the clock jumped over the end of all authorities', async (t) => {
    const under = await openCa(t)
    const first = (await under.ca.signing('x509')).authority
    under.clock.advance(30 * 24 * 3600)
    const next = (await under.ca.signing('x509')).authority
    assert.notEqual(next.keyId, first.keyId)
    assert.ok(next.notAfter > under.clock.now())
    assert.ok((await bundleOf(under)).x509Authorities.some(({ keyId }) => keyId === next.keyId))
  })

  it('takes a fresh authority when the clock went back to before the active one', async (t) => {
    const under = await openCa(t)
    const first = (await under.ca.signing('x509')).authority
    under.clock.advance(-3600)
    const next = (await under.ca.signing('x509')).authority
    assert.notEqual(next.keyId, first.keyId)
    assert.ok(next.notBefore <= under.clock.now())
  })

  it('removes an authority a day after it expired, and keeps it in the history [REC-16]', async (t) => {
    const under = await openCa(t)
    const first = (await under.ca.signing('x509')).authority
    const holds = async () =>
      (await bundleOf(under)).x509Authorities.some(({ keyId }) => keyId === first.keyId)
    under.clock.advance(60 + 24 * 3600 - 1)
    await under.ca.rotate()
    assert.equal(await holds(), true)
    const { sequenceNumber } = await bundleOf(under)
    under.clock.advance(1)
    await under.ca.rotate()
    assert.equal(await holds(), false)
    assert.ok((await bundleOf(under)).sequenceNumber > sequenceNumber)
    const published = (await historyOf(under)).find(({ keyId }) => keyId === first.keyId)
    assert.ok(published)
    assert.deepEqual(published.removedAt, under.clock.now())
    assert.deepEqual(published.der, first.certificate)
    assert.deepEqual(published.notAfter, first.notAfter)
  })

  it('leaves a change record of each step [REC-14]', async (t) => {
    const { store } = await openCa(t)
    const { records } = await store.read((snapshot) => snapshot.list(changeRecordPrefix))
    const kinds = records.flatMap(({ value }) =>
      changeRecordCodec.decode(value).changes.map(({ kind }) => kind),
    )
    for (const kind of ['bundle', 'bundle-history', 'ca-journal']) assert.ok(kinds.includes(kind))
    const [first] = records
    assert.ok(first)
    const { actor } = changeRecordCodec.decode(first.value)
    assert.equal(actor.subject, 'spiffe://example.org/spire/server')
    assert.equal(actor.door, 'server')
  })
})

describe('a CA that is started again', () => {
  it('goes on with its authorities where the keys are on disk [EDGE-19]', async (t) => {
    const folder = await diskFolder(t)
    const keys = await openDiskKeyManager(folder)
    const under = await openCa(t, {}, keys)
    under.clock.advance(30)
    await under.ca.rotate()
    const before = under.ca.authorities
    const { sequenceNumber } = await bundleOf(under)
    await keys.close()
    const again = await openDiskKeyManager(folder)
    t.after(() => again.close())
    const next = await under.restart(again)
    const named = (list: typeof before) =>
      list.map(({ slot, state, keyId, notAfter }) => ({ slot, state, keyId, notAfter }))
    assert.deepEqual(named(next.ca.authorities), named(before))
    assert.equal((await bundleOf(next)).sequenceNumber, sequenceNumber)
    const svid = await next.issuer.signX509Svid({
      id: parseSpiffeId('spiffe://example.org/a'),
      publicKeySpki: (await memoryKeyManager().generateKey('leaf', 'ec-p256')).spki,
      ttlSeconds: 10,
    })
    const active = before.find(({ kind, state }) => kind === 'x509' && state === 'active')
    assert.equal(svid.issuerKeyId, active?.keyId)
  })

  it('makes new authorities where the keys were in memory, and keeps the old ones published', async (t) => {
    const under = await openCa(t)
    const first = (await under.ca.signing('x509')).authority
    const next = await under.restart(memoryKeyManager())
    const second = (await next.ca.signing('x509')).authority
    assert.notEqual(second.keyId, first.keyId)
    const held = (await bundleOf(next)).x509Authorities.map(({ keyId }) => keyId)
    assert.deepEqual(held, [first.keyId, second.keyId])
  })

  it('refuses keys that are not those of its journal', async (t) => {
    const folder = await diskFolder(t)
    const keys = await openDiskKeyManager(folder)
    const under = await openCa(t, {}, keys)
    await keys.generateKey('x509-CA-A', 'ec-p256')
    await assert.rejects(under.restart(keys), {
      code: 'corrupt',
      message: /x509-CA-A is not the one/,
    })
    await keys.close()
    await rm(path.join(folder, 'x509-CA-A.key.pem'))
    const fewer = await openDiskKeyManager(folder)
    t.after(() => fewer.close())
    await assert.rejects(under.restart(fewer), { code: 'corrupt', message: /is missing/ })
  })

  it('starts after it was stopped between a key and its journal', async (t) => {
    const folder = await diskFolder(t)
    const keys = await openDiskKeyManager(folder)
    t.after(() => keys.close())
    const under = await openCa(t, {}, keys)
    await keys.generateKey('x509-CA-B', 'ec-p256')
    const next = await under.restart(keys)
    assert.deepEqual(states(next), ['x509-CA-A active'])
  })

  it('refuses the keys of another trust domain', async (t) => {
    const folder = await diskFolder(t)
    const keys = await openDiskKeyManager(folder)
    t.after(() => keys.close())
    const under = await openCa(t, {}, keys)
    const settings = { ...caSettings, trustDomain: parseTrustDomain('other.org') }
    await assert.rejects(under.restart(keys, settings), { code: 'invalid-configuration' })
  })
})
