/** The Workload API of a real agent, called with nothing of ours between: SPIFFE Workload Endpoint and API. */

import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import type { SpiffeWorkloadAPIDefinition } from '../../proto/gen/SpiffeWorkloadAPI.ts'
import type { X509SVIDResponse__Output } from '../../proto/gen/X509SVIDResponse.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { GrpcClient, unixTarget } from '../../runtime/grpc/client.ts'
import { x509BundleFromDer, x509BundleSet } from '../../spiffe/bundle/x509-bundle.ts'
import { parseTrustDomain } from '../../spiffe/trust-domain.ts'
import { readCertificates } from '../../spiffe/x509/certificate.ts'
import { verifyX509Svid } from '../../spiffe/x509/x509-svid.ts'
import { IdentityPlane } from '../support/identity-plane.ts'
import { refusedWith } from '../support/refusals.ts'

const uid = process.geteuid?.() ?? 0
const mine = { selectors: [{ type: 'unix', value: `uid:${uid}` }] }
const theirs = { selectors: [{ type: 'unix', value: `uid:${uid + 1}` }] }
const trustDomain = parseTrustDomain('example.org')
const definition = serviceDefinition<SpiffeWorkloadAPIDefinition>('SpiffeWorkloadAPI')

interface Node {
  readonly plane: IdentityPlane
  readonly token: string
  /** Sends the header. */
  readonly api: GrpcClient<SpiffeWorkloadAPIDefinition>
  readonly socket: string
}

async function startNode(t: TestContext, unix: object = {}): Promise<Node> {
  const plane = await IdentityPlane.start(t)
  const token = await plane.token()
  await plane.startAgent({ token, unix })
  const socket = plane.sockets().workload
  const api = new GrpcClient(definition, unixTarget(socket))
  t.after(() => {
    api.close()
  })
  return { plane, token, api, socket }
}

const withHeader = () => ({
  signal: AbortSignal.timeout(60_000),
  metadata: { 'workload.spiffe.io': 'true' },
})

/** Status and message of an empty request to this path with these values of the header. */
async function answerTo(
  socket: string,
  path: string,
  values: readonly string[] = ['true'],
): Promise<string> {
  const client = new Client(unixTarget(socket), credentials.createInsecure())
  const metadata = new Metadata()
  for (const value of values) metadata.add('workload.spiffe.io', value)
  const bytes = (value: Buffer): Buffer => value
  const call = client.makeServerStreamRequest(path, bytes, bytes, Buffer.of(), metadata)
  try {
    return await new Promise((resolve) => {
      call.on('data', () => {
        resolve('data')
      })
      call.on('error', (error: ServiceError) => {
        resolve(`${status[error.code]} ${error.details}`)
      })
    })
  } finally {
    call.cancel()
    client.close()
  }
}

test('who may call, and what', async (t) => {
  const { plane, token, api, socket } = await startNode(t)
  const methods = Object.values(definition).map(({ path }) => path)
  const missing = 'INVALID_ARGUMENT security header missing from request'

  await t.test('a caller without an identity is denied [EP-7 WL-7 WL-11 EDGE-3]', async () => {
    for (const method of ['FetchX509SVID', 'FetchX509Bundles'] as const)
      await assert.rejects(
        api.serverStream(method, {}, withHeader()).next(),
        refusedWith('permission-denied', /^no identity issued$/),
      )
  })

  await t.test(
    'every method wants the header once and exactly, before all else [EP-2 EDGE-2 EDGE-3]',
    async () => {
      for (const path of methods)
        for (const values of [[], ['True'], ['TRUE'], ['1'], [''], ['true', 'true'], ['true,true']])
          assert.equal(await answerTo(socket, path, values), missing, `${path} ${values.join('|')}`)
    },
  )

  await t.test('health does without the header [EDGE-2]', async () => {
    assert.equal(await answerTo(socket, '/grpc.health.v1.Health/Check', []), 'data')
  })

  await t.test('JWT and WIT methods are known and not served [PLANE-3 EP-8]', async () => {
    for (const path of methods.filter((one) => /JWT|WIT/.test(one)))
      assert.match(await answerTo(socket, path), /^UNIMPLEMENTED /, path)
  })

  await t.test(
    'the service is in no package, on a Unix socket, without TLS [WL-1 EDGE-1 EP-1 EP-3]',
    async () => {
      await plane.createEntry('a', token, mine)
      await api.serverStream('FetchX509Bundles', {}, withHeader()).next()
      assert.equal(await answerTo(socket, '/SpiffeWorkloadAPI/FetchX509SVID'), 'data')
      for (const wrong of [
        '/spiffe.workload.SpiffeWorkloadAPI/FetchX509SVID',
        '/SpiffeWorkloadAPI/Nope',
      ])
        assert.match(await answerTo(socket, wrong), /^UNIMPLEMENTED /)
    },
  )
})

test('an answer holds what a workload needs, in DER [WL-2 WL-8 EDGE-9 WL-11]', async (t) => {
  const { plane, token, api } = await startNode(t)
  await plane.createEntry('a', token, mine)
  const { svids, federatedBundles, crl } = await firstWith(api, 1)
  const [svid] = svids
  assert.ok(svid)
  assert.deepEqual([svids.length, federatedBundles, crl], [1, {}, []])
  const chain = readCertificates(svid.x509Svid)
  const authorities = x509BundleFromDer(trustDomain, svid.bundle)
  const verified = verifyX509Svid(
    chain.map(({ der }) => der),
    x509BundleSet([authorities]),
    new Date(),
  )
  assert.equal(verified.id, svid.spiffeId)
  assert.equal(chain.length, 1, 'the root is not in the chain')
  const key = createPrivateKey({ key: svid.x509SvidKey, format: 'der', type: 'pkcs8' })
  assert.ok(verified.leaf.publicKey.equals(createPublicKey(key)))

  const bundles = await api.serverStream('FetchX509Bundles', {}, withHeader()).next()
  assert.ok(bundles.done !== true)
  assert.deepEqual(Object.keys(bundles.value.bundles), ['spiffe://example.org'])
  assert.deepEqual(bundles.value.bundles['spiffe://example.org'], svid.bundle)
})

test('a stream answers at once with everything, then when something has changed [WL-3 EDGE-4 EDGE-6]', async (t) => {
  const { plane, token, api } = await startNode(t)
  await plane.createEntry('a', token, mine)
  await firstWith(api, 1)
  const seen: string[][] = []
  for await (const answer of api.serverStream('FetchX509SVID', {}, withHeader())) {
    seen.push(answer.svids.map(({ spiffeId }) => spiffeId))
    if (seen.length === 1) {
      // Another user's entry is nothing to this caller: no message.
      await plane.createEntry('other', token, theirs)
      await plane.createEntry('b', token, mine)
    }
    if (seen.length === 2) await plane.deleteEntry('a')
    if (seen.length === 3) break
  }
  const [a, b] = ['spiffe://example.org/a', 'spiffe://example.org/b']
  assert.deepEqual(seen, [[a], [a, b], [b]])
})

test('a failed attestation is Unavailable, so that clients try again [EDGE-3 EP-6]', async (t) => {
  const unix = { discover_workload_path: true, workload_size_limit: 10 }
  const { plane, token, api } = await startNode(t, unix)
  await plane.createEntry('a', token, mine)
  await assert.rejects(
    api.serverStream('FetchX509SVID', {}, withHeader()).next(),
    refusedWith('unavailable', /^workload attestation failed$/),
  )
})

/** The first answer with so many identities: until an entry arrives at the agent there are fewer. */
async function firstWith(
  api: GrpcClient<SpiffeWorkloadAPIDefinition>,
  count: number,
): Promise<X509SVIDResponse__Output> {
  const { signal } = withHeader()
  while (!signal.aborted) {
    const found = await nextWith(api, count)
    if (found !== undefined) return found
  }
  throw new Error('the entries did not arrive in time')
}

/** The same, or undefined while there is no identity at all. */
async function nextWith(
  api: GrpcClient<SpiffeWorkloadAPIDefinition>,
  count: number,
): Promise<X509SVIDResponse__Output | undefined> {
  try {
    for await (const answer of api.serverStream('FetchX509SVID', {}, withHeader()))
      if (answer.svids.length === count) return answer
    return undefined
  } catch (error) {
    refusedWith('permission-denied', /no identity issued/)(error)
    return undefined
  }
}
