/**
 * A real server in this process: Level and keys in a temporary folder, TLS on a free port of the
 * loopback, the private socket. And clients for both doors.
 */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { credentials, type ServiceDefinition } from '@grpc/grpc-js'
import type { PolicyDefinition } from '../../proto/gen/countersign/server/policy/v1/Policy.ts'
import type { WatchDefinition } from '../../proto/gen/countersign/server/watch/v1/Watch.ts'
import type { HealthDefinition } from '../../proto/gen/grpc/health/v1/Health.ts'
import type { AgentDefinition } from '../../proto/gen/spire/api/server/agent/v1/Agent.ts'
import type { BundleDefinition } from '../../proto/gen/spire/api/server/bundle/v1/Bundle.ts'
import type { EntryDefinition } from '../../proto/gen/spire/api/server/entry/v1/Entry.ts'
import type { SVIDDefinition } from '../../proto/gen/spire/api/server/svid/v1/SVID.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { type Clock, systemClock } from '../../runtime/clock.ts'
import { GrpcClient, unixTarget } from '../../runtime/grpc/client.ts'
import { Lifetime } from '../../runtime/lifetime.ts'
import { silentLogger } from '../../runtime/log.ts'
import { defaultCaSubject } from '../../server/ca/ca-certificate.ts'
import { choosePlugins } from '../../server/catalog.ts'
import type { ServerSettings } from '../../server/config.ts'
import { startServer } from '../../server/server.ts'
import { writeCsr } from '../../spiffe/der/csr.ts'
import { writePem } from '../../spiffe/pem.ts'
import { parseTrustDomain } from '../../spiffe/trust-domain.ts'

/** Clients of every service, over one door. */
export interface Clients {
  readonly agent: GrpcClient<AgentDefinition>
  readonly entry: GrpcClient<EntryDefinition>
  readonly svid: GrpcClient<SVIDDefinition>
  readonly bundle: GrpcClient<BundleDefinition>
  readonly health: GrpcClient<HealthDefinition>
  readonly policy: GrpcClient<PolicyDefinition>
  readonly watch: GrpcClient<WatchDefinition>
  close(): void
}

/** An attested agent: its clients speak with its SVID. */
export interface TestAgent extends Clients {
  readonly path: string
  readonly key: KeyObject
  readonly chain: readonly Buffer[]
}

export const testSignal: AbortSignal = AbortSignal.timeout(600_000)

const trustDomain = parseTrustDomain('example.org')

export class TestServer {
  readonly folder: string
  readonly local: Clients
  readonly port: number
  readonly #lifetime: Lifetime
  readonly #opened: Clients[] = []
  #rootPem = ''

  private constructor(folder: string, port: number, lifetime: Lifetime) {
    this.folder = folder
    this.port = port
    this.#lifetime = lifetime
    this.local = this.#keep(clientsOf(unixTarget(path.join(folder, 'private/api.sock'))))
  }

  /** Settings change the usual ones; a folder is one that a server was closed in before. */
  static async start(
    settings: Partial<ServerSettings> = {},
    { clock = systemClock, folder: kept }: { clock?: Clock; folder?: string } = {},
  ): Promise<TestServer> {
    const folder = kept ?? (await mkdtemp(path.join(tmpdir(), 'countersign-server-')))
    const lifetime = new Lifetime()
    try {
      const { port } = await startServer(
        { ...usualSettings(folder), ...settings },
        { clock, log: silentLogger },
        lifetime,
        (error) => {
          throw error
        },
      )
      const server = new TestServer(folder, port, lifetime)
      await server.#readRoot()
      return server
    } catch (error) {
      await lifetime.close()
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** Clients over TLS without a certificate. */
  anonymous(): Clients {
    return this.#keep(this.#overTls())
  }

  /** Clients over TLS with this chain and key. */
  withSvid(chain: readonly Buffer[], key: KeyObject): Clients {
    return this.#keep(this.#overTls({ chain, key }))
  }

  /** Makes a token and attests an agent with it. */
  async attestAgent(name: string = crypto.randomUUID()): Promise<TestAgent> {
    await this.local.agent.unary('CreateJoinToken', { ttl: 60, token: name }, once())
    const key = newKey()
    const chain = await attest(this.anonymous(), name, csrOf(key))
    return { ...this.withSvid(chain, key), path: `/spire/agent/join_token/${name}`, key, chain }
  }

  /** Ends the server; its folder stays. */
  async stop(): Promise<void> {
    for (const clients of this.#opened) clients.close()
    await this.#lifetime.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  async #readRoot(): Promise<void> {
    const { x509Authorities } = await this.local.bundle.unary('GetBundle', {}, once())
    this.#rootPem = x509Authorities.map(({ asn1 }) => writePem('CERTIFICATE', asn1)).join('')
  }

  #overTls(svid?: { chain: readonly Buffer[]; key: KeyObject }): Clients {
    const channel = credentials.createSsl(
      Buffer.from(this.#rootPem),
      svid === undefined ? null : Buffer.from(svid.key.export({ format: 'pem', type: 'pkcs8' })),
      svid === undefined
        ? null
        : Buffer.from(svid.chain.map((der) => writePem('CERTIFICATE', der)).join('')),
      { checkServerIdentity: () => undefined },
    )
    return clientsOf(`127.0.0.1:${this.port}`, channel)
  }

  #keep(clients: Clients): Clients {
    this.#opened.push(clients)
    return clients
  }
}

/** Options of one call in a test. */
export function once(): { signal: AbortSignal } {
  return { signal: testSignal }
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

export function csrOf(key: KeyObject): Buffer {
  return Buffer.from(writeCsr({ key }))
}

/** The chain that the server gives to whoever brings this token; throws its Failure. */
export async function attest(clients: Clients, token: string, csr: Buffer): Promise<Buffer[]> {
  const call = clients.agent.bidi('AttestAgent', once())
  call.send({
    step: 'params',
    params: { data: { type: 'join_token', payload: Buffer.from(token) }, params: { csr } },
  })
  for await (const { result } of call.messages) {
    call.end()
    return result?.svid?.certChain ?? []
  }
  throw new Error('the server ended the call without a result')
}

function clientsOf(target: string, channel = credentials.createInsecure()): Clients {
  const client = <D extends ServiceDefinition>(name: string): GrpcClient<D> =>
    new GrpcClient(serviceDefinition<D>(name), target, channel)
  const clients = {
    agent: client<AgentDefinition>('spire.api.server.agent.v1.Agent'),
    entry: client<EntryDefinition>('spire.api.server.entry.v1.Entry'),
    svid: client<SVIDDefinition>('spire.api.server.svid.v1.SVID'),
    bundle: client<BundleDefinition>('spire.api.server.bundle.v1.Bundle'),
    health: client<HealthDefinition>('grpc.health.v1.Health'),
    policy: client<PolicyDefinition>('countersign.server.policy.v1.Policy'),
    watch: client<WatchDefinition>('countersign.server.watch.v1.Watch'),
  }
  return {
    ...clients,
    close: () => {
      for (const one of Object.values(clients)) one.close()
    },
  }
}

function usualSettings(folder: string): ServerSettings {
  const dataDir = path.join(folder, 'data')
  const plugins = {
    DataStore: { level: {} },
    KeyManager: { disk: {} },
    NodeAttestor: { join_token: {} },
  }
  return {
    trustDomain,
    dataDir,
    listen: { host: '127.0.0.1', port: 0 },
    socketPath: path.join(folder, 'private/api.sock'),
    adminIds: new Set(),
    ca: {
      trustDomain,
      caTtlSeconds: 24 * 3600,
      x509KeyType: 'ec-p256',
      jwtKeyType: 'ec-p256',
      subject: defaultCaSubject,
      jwtSvidsDisabled: false,
    },
    x509SvidTtlSeconds: 3600,
    agentTtlSeconds: 3600,
    rateLimits: { attestation: false, signing: false },
    plugins: choosePlugins(plugins, { trustDomain, dataDir }),
  }
}
