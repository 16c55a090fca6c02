import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Server } from '@grpc/grpc-js'
import { systemClock } from '../../runtime/clock.ts'
import { Failure, type FailureCode } from '../../runtime/failure.ts'
import { serveTls } from '../../runtime/grpc/tls-server.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { TestCa, type TestSvid } from '../../test/support/test-ca.ts'
import { rejectionOf } from './rejection.ts'
import { ServerLink } from './server-link.ts'

/** A TLS server that has no method at all: whoever gets through is told so. */
async function listen(t: TestContext, { chainPem, keyPem }: TestSvid): Promise<number> {
  const listening = await serveTls({
    host: '127.0.0.1',
    port: 0,
    grpc: new Server(),
    identity: { cert: chainPem, key: keyPem },
    accept: () => undefined,
  })
  t.after(async () => {
    await listening.close()
  })
  return listening.port
}

function linkTo(t: TestContext, port: number, ca: TestCa, clock = systemClock): ServerLink {
  const authorities = [parseCertificate(ca.certificate)]
  const trust = { bundle: { trustDomain: ca.trustDomain, authorities }, identity: undefined }
  const link = new ServerLink({ host: '127.0.0.1', port }, trust, clock)
  t.after(() => {
    link.close()
  })
  return link
}

/** `unimplemented` from a server that was accepted, `unavailable` from one that was not. */
async function outcome(link: ServerLink): Promise<FailureCode | undefined> {
  try {
    await link.use(({ agent }) =>
      agent.unary('RenewAgent', {}, { signal: AbortSignal.timeout(30_000) }),
    )
    return undefined
  } catch (error) {
    assert.ok(error instanceof Failure)
    return error.code
  }
}

const ca = new TestCa('example.org')

test('the server is accepted under its own SPIFFE ID and no other', async (t) => {
  const [server, workload] = [ca.svid('/spire/server'), ca.svid('/workload')]
  assert.equal(await outcome(linkTo(t, await listen(t, server), ca)), 'unimplemented')
  assert.equal(await outcome(linkTo(t, await listen(t, workload), ca)), 'unavailable')
})

test('an authority that is not self-signed vouches too', async (t) => {
  const between = new TestCa('example.org', { parent: ca })
  const port = await listen(t, between.svid('/spire/server'))
  assert.equal(await outcome(linkTo(t, port, between)), 'unimplemented')
  assert.equal(await outcome(linkTo(t, port, ca)), 'unimplemented')
})

test('a server of another authority, of another trust domain, or expired is refused [X5-9]', async (t) => {
  const port = await listen(t, ca.svid('/spire/server'))
  assert.equal(await outcome(linkTo(t, port, new TestCa('example.org'))), 'unavailable')
  const foreign = await listen(t, ca.svid('spiffe://other.org/spire/server'))
  assert.equal(await outcome(linkTo(t, foreign, ca)), 'unavailable')
  const past = {
    notBefore: new Date(Date.now() - 7_200_000),
    notAfter: new Date(Date.now() - 1000),
  }
  const expired = await listen(t, ca.svid('/spire/server', past))
  assert.equal(await outcome(linkTo(t, expired, ca)), 'unavailable')
  const later = new FakeClock(new Date(Date.now() + 7_200_000))
  assert.equal(await outcome(linkTo(t, port, ca, later)), 'unavailable')
})

test('a new authority is used for the next call, and a lost one tells calls under way', async (t) => {
  const port = await listen(t, ca.svid('/spire/server'))
  const other = new TestCa('example.org')
  const link = linkTo(t, port, other)
  assert.equal(await outcome(link), 'unavailable')
  const { trust, changed } = link
  const both = [...trust.bundle.authorities, parseCertificate(ca.certificate)]
  link.setTrust({ ...trust, bundle: { ...trust.bundle, authorities: both } })
  assert.equal(changed.aborted, false)
  assert.equal(await outcome(link), 'unimplemented')
  link.setTrust({ ...trust, bundle: { ...trust.bundle, authorities: both.slice(1) } })
  assert.equal(changed.aborted, true)
  assert.equal(await outcome(link), 'unimplemented')
})

test('only a refusal with its reason says that an agent is one no longer', () => {
  const withReason = (reason: number): Failure =>
    new Failure('permission-denied', 'no', {
      details: [
        { type: 'spire.api.types.PermissionDeniedDetails', value: Buffer.of(0x08, reason) },
      ],
    })
  assert.equal(rejectionOf(withReason(4)), 'banned')
  assert.equal(rejectionOf(withReason(2)), 'ended')
  assert.equal(rejectionOf(withReason(0)), undefined)
  assert.equal(rejectionOf(new Failure('permission-denied', 'no')), undefined)
  assert.equal(rejectionOf(new Failure('unavailable', 'no')), undefined)
})
