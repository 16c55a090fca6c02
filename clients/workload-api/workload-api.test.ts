import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { Server } from '@grpc/grpc-js'
import type { SpiffeWorkloadAPIDefinition } from '../../proto/gen/SpiffeWorkloadAPI.ts'
import type { X509SVIDResponse } from '../../proto/gen/X509SVIDResponse.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { Failure } from '../../runtime/failure.ts'
import { type Gate, type Send, serverStream } from '../../runtime/grpc/handlers.ts'
import { serveUnix } from '../../runtime/grpc/unix-server.ts'
import { TestCa } from '../../test/support/test-ca.ts'
import { workloadApiTarget } from './address.ts'
import { fetchX509Context, watchX509Context } from './watch-x509.ts'
import { X509Source } from './x509-source.ts'

type Serve = (send: Send<X509SVIDResponse>, signal: AbortSignal) => Promise<void>

/** A Workload API whose n-th stream does what the n-th function does, the last one again and again. */
async function serveApi(t: TestContext, ...streams: [Serve, ...Serve[]]): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'workload-api-'))
  const file = path.join(folder, 'api.sock')
  const grpc = new Server()
  let next = 0
  const gate: Gate<undefined> = {
    admit: ({ metadata }) => {
      assert.deepEqual(metadata.get('workload.spiffe.io'), ['true'])
    },
    unexpected: (error) => {
      throw error
    },
  }
  const { FetchX509SVID } = serviceDefinition<SpiffeWorkloadAPIDefinition>('SpiffeWorkloadAPI')
  grpc.addService(
    { FetchX509SVID },
    {
      FetchX509SVID: serverStream<unknown, X509SVIDResponse, undefined>(
        gate,
        async (_request, { signal }, send) => {
          const serve = streams[Math.min(next++, streams.length - 1)]
          await serve?.(send, signal)
        },
      ),
    },
  )
  const listening = await serveUnix({ path: file, mode: 0o600, grpc, accept: () => undefined })
  t.after(async () => {
    await listening.close()
    await rm(folder, { recursive: true })
  })
  return `unix://${file}`
}

const ca = new TestCa('example.org')

function answer(...paths: string[]): X509SVIDResponse {
  return {
    svids: paths.map((each) => {
      const { chain, key } = ca.svid(each)
      return {
        spiffeId: `spiffe://example.org${each}`,
        x509Svid: Buffer.concat(chain),
        x509SvidKey: key.export({ format: 'der', type: 'pkcs8' }),
        bundle: Buffer.from(ca.certificate),
      }
    }),
  }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

const fail = (code: ConstructorParameters<typeof Failure>[0]): Serve => {
  return () => Promise.reject(new Failure(code, 'no'))
}

const serveFor =
  (...answers: X509SVIDResponse[]): Serve =>
  async (send, signal) => {
    for (const each of answers) await send(each)
    await untilAborted(signal)
  }

function limited(): AbortSignal {
  return AbortSignal.timeout(30_000)
}

test('a source has the first state once it is open, and follows the next ones [WL-4 WL-10]', async (t) => {
  const address = await serveApi(t, serveFor(answer('/a', '/b'), answer('/c')))
  const source = await X509Source.open({ address }, limited())
  const { trustDomain } = ca
  assert.equal(source.x509Bundle(trustDomain)?.authorities.length, 1)
  if (source.svid.id !== 'spiffe://example.org/c')
    await new Promise<void>((resolve) => source.onChange(resolve))
  assert.equal(source.svid.id, 'spiffe://example.org/c')
  await source.close()
})

test('PermissionDenied and Unavailable are tried again, with longer waits each time [WL-16]', async (t) => {
  const address = await serveApi(
    t,
    fail('permission-denied'),
    fail('unavailable'),
    serveFor(answer('/a')),
  )
  const waits: number[] = []
  const onRetry = (_error: Failure, waitMs: number): void => {
    waits.push(waitMs)
  }
  const source = await X509Source.open({ address, onRetry, waitStepMs: 5 }, limited())
  assert.equal(source.svid.id, 'spiffe://example.org/a')
  assert.deepEqual(waits, [5, 10])
  await source.close()
})

test('InvalidArgument is final [EP-8]', async (t) => {
  const address = await serveApi(t, fail('invalid-argument'))
  await assert.rejects(
    X509Source.open({ address }, limited()),
    (error) => error instanceof Failure && error.code === 'invalid-argument',
  )
})

test('a source keeps what it had while its Workload API is away [WL-16]', async (t) => {
  const address = await serveApi(
    t,
    async (send) => {
      await send(answer('/a'))
      throw new Failure('unavailable', 'going')
    },
    serveFor(answer('/b')),
  )
  const source = await X509Source.open({ address, waitStepMs: 5 }, limited())
  assert.equal(source.svid.id, 'spiffe://example.org/a')
  await new Promise<void>((resolve) => source.onChange(resolve))
  assert.equal(source.svid.id, 'spiffe://example.org/b')
  await source.close()
})

test('an answer with anything wrong in it is refused whole', async (t) => {
  const good = answer('/a')
  const [svid] = good.svids ?? []
  const otherKey = ca.svid('/a').key.export({ format: 'der', type: 'pkcs8' })
  const wrong: [X509SVIDResponse, RegExp][] = [
    [{ svids: [] }, /it holds no X509-SVID/],
    [{ svids: [{ ...svid, spiffeId: 'spiffe://example.org/b' }] }, /for another SPIFFE ID/],
    [{ svids: [{ ...svid, x509SvidKey: otherKey }] }, /is not that of its certificate/],
    [{ svids: [{ ...svid, x509SvidKey: Buffer.of(1) }] }, /is not PKCS#8/],
    [{ svids: [{ ...svid, x509Svid: Buffer.of(1) }] }, /unusable Workload API answer/],
  ]
  for (const [response, problem] of wrong) {
    const address = await serveApi(t, serveFor(response))
    await assert.rejects(fetchX509Context(address, limited()), problem)
  }
})

test('of SVIDs with the same hint the first counts [WL-9]', async (t) => {
  const two = answer('/a', '/b')
  for (const svid of two.svids ?? []) svid.hint = 'same'
  const address = await serveApi(t, serveFor(two))
  const { svids } = await fetchX509Context(address, limited())
  assert.deepEqual(
    svids.map(({ id }) => id),
    ['spiffe://example.org/a'],
  )
})

test('an abort ends the watch without an error', async (t) => {
  const address = await serveApi(t, serveFor(answer('/a')))
  const stop = new AbortController()
  let states = 0
  for await (const _context of watchX509Context({ address }, stop.signal)) {
    states++
    stop.abort()
  }
  assert.equal(states, 1)
})

test('addresses are read as go-spiffe reads them [EP-4]', () => {
  assert.equal(workloadApiTarget('unix:///run/api.sock'), 'unix:/run/api.sock')
  assert.equal(workloadApiTarget('tcp://127.0.0.1:8000'), 'ipv4:127.0.0.1:8000')
  assert.equal(workloadApiTarget('tcp://[::1]:8000'), 'ipv6:[::1]:8000')
  const wrong: [string, RegExp][] = [
    ['\t', /socket is not a valid URI/],
    ['http://x', /must have a "tcp" or "unix" scheme/],
    ['unix:opaque', /unix socket URI must not be opaque/],
    ['unix://', /unix socket URI must include a path/],
    ['unix:///x?q', /must not include query values/],
    ['unix:///x#f', /must not include a fragment/],
    ['tcp://1.2.3.4:5/path', /tcp socket URI must not include a path/],
    ['tcp://host:5', /must be an IP:port/],
    ['tcp://1.2.3.4', /host component must include a port/],
  ]
  for (const [address, problem] of wrong)
    assert.throws(() => workloadApiTarget(address), problem, address)
})
