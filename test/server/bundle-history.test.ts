/** The bundle history as it is exported, and who may have it. */

import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { parseBundleHistory } from '../../audit/trust-history.ts'
import { runCommand } from '../../clients/cli/commands.ts'
import type { BundleHistoryDefinition } from '../../proto/gen/countersign/server/bundle/v1/BundleHistory.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { GrpcClient, unixTarget } from '../../runtime/grpc/client.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import { CollectedIo } from '../support/collected-io.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { refusedWith } from '../support/refusals.ts'
import { once, TestServer } from '../support/test-server.ts'

const service = serviceDefinition<BundleHistoryDefinition>(
  'countersign.server.bundle.v1.BundleHistory',
)

test('an authority that left the bundle stays in the history that audit verify reads [REC-16]', async () => {
  const began = new Date(Date.now() - 10 * 24 * 3600 * 1000)
  const clock = new FakeClock(began)
  await using server = await TestServer.start({}, { clock })
  const [first] = await inBundle(server)
  clock.set(new Date())
  const late = Date.now() + 30_000
  while ((await inBundle(server)).includes(first) && Date.now() < late)
    await new Promise((resolve) => setTimeout(resolve, 50))
  const io = new CollectedIo()
  const socket = path.join(server.folder, 'private/api.sock')
  assert.equal(await runCommand(['server', 'bundle', 'history', '-socketPath', socket], io), 0)
  const [oldest, ...newer] = parseBundleHistory(io.stdout)
  assert.equal(oldest?.certificate.subjectKeyId, first)
  assert.ok(oldest?.removedAt !== undefined)
  assert.deepEqual(
    newer.filter(({ removedAt }) => removedAt === undefined).map((each) => keyIdOf(each)),
    await inBundle(server),
  )
})

test('the history comes in pages', async () => {
  const clock = new FakeClock(new Date(Date.now() - 23 * 3600 * 1000))
  await using server = await TestServer.start({}, { clock })
  clock.set(new Date())
  const late = Date.now() + 30_000
  while ((await inBundle(server)).length < 2 && Date.now() < late)
    await new Promise((resolve) => setTimeout(resolve, 50))
  const client = new GrpcClient(service, unixTarget(path.join(server.folder, 'private/api.sock')))
  const first = await client.unary('ListX509Authorities', { pageSize: 1 }, once())
  assert.equal(first.authorities.length, 1)
  const next = { pageSize: 100, pageToken: first.nextPageToken }
  const second = await client.unary('ListX509Authorities', next, once())
  assert.equal(second.nextPageToken, '')
  const found = [...first.authorities, ...second.authorities].map(
    ({ asn1 }) => parseCertificate(asn1).subjectKeyId,
  )
  assert.deepEqual(found.sort(), (await inBundle(server)).sort())
  await assert.rejects(
    client.unary('ListX509Authorities', { pageToken: '/' }, once()),
    refusedWith('invalid-argument', /page_token is not one that a page came with/),
  )
  client.close()
})

function keyIdOf({ certificate }: ReturnType<typeof parseBundleHistory>[number]) {
  return certificate.subjectKeyId
}

async function inBundle(server: TestServer): Promise<(string | undefined)[]> {
  const { x509Authorities } = await server.local.bundle.unary('GetBundle', {}, once())
  return x509Authorities.map(({ asn1 }) => parseCertificate(asn1).subjectKeyId)
}
