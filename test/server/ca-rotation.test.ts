/** The doors across a change of the signing authority. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { once, TestServer } from '../support/test-server.ts'

const hours = 3600

test('the server meets agents with an SVID of the authority that signs now', async () => {
  // Begun in the past, so that what is issued after the jump is valid by the real clock too.
  const clock = new FakeClock(new Date(Date.now() - 21 * hours * 1000))
  await using server = await TestServer.start({}, { clock })
  const before = await authorities(server)
  assert.equal(before.length, 1)
  clock.set(new Date())
  const deadline = Date.now() + 30_000
  let after = before
  while (after.length < 2 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    after = await authorities(server)
  }
  const added = after.find((keyId) => !before.includes(keyId))
  assert.ok(added !== undefined, 'no second authority was published')
  while ((await issuerOfServer(server)) !== added && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(await issuerOfServer(server), added)
})

async function authorities(server: TestServer): Promise<(string | undefined)[]> {
  const { x509Authorities } = await server.local.bundle.unary('GetBundle', {}, once())
  return x509Authorities.map(({ asn1 }) => parseCertificate(asn1).subjectKeyId)
}

async function issuerOfServer({ port }: TestServer): Promise<string | undefined> {
  const options = { host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] }
  return await new Promise((resolve, reject) => {
    const socket = connect(options, () => {
      resolve(parseCertificate(socket.getPeerCertificate().raw).authorityKeyId)
      socket.destroy()
    })
    socket.once('error', reject)
  })
}
