/** A server and its agents as real processes in a folder of their own. */

import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import type { PolicyDefinition } from '../../proto/gen/countersign/server/policy/v1/Policy.ts'
import type { HealthDefinition } from '../../proto/gen/grpc/health/v1/Health.ts'
import type { AgentDefinition } from '../../proto/gen/spire/api/server/agent/v1/Agent.ts'
import type { BundleDefinition } from '../../proto/gen/spire/api/server/bundle/v1/Bundle.ts'
import type { EntryDefinition } from '../../proto/gen/spire/api/server/entry/v1/Entry.ts'
import type { Entry } from '../../proto/gen/spire/api/types/Entry.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { GrpcClient, unixTarget } from '../../runtime/grpc/client.ts'
import { writePem } from '../../spiffe/pem.ts'
import { nodeCommand, RunningProgram } from './running-program.ts'

const trustDomain = 'example.org'

export interface AgentOptions {
  /** Folder under the plane's, for its data and sockets. */
  readonly name?: string
  readonly token?: string
  readonly keyManager?: object
  readonly unix?: object
  readonly agent?: object
}

export class IdentityPlane {
  readonly folder: string
  readonly #t: TestContext
  readonly #serverSettings: object
  readonly #opened: { close(): void }[] = []
  #server: RunningProgram | undefined
  #port = 0

  private constructor(folder: string, t: TestContext, serverSettings: object) {
    this.folder = folder
    this.#t = t
    this.#serverSettings = serverSettings
  }

  /** A server is up when this resolves; all of it ends with the test. */
  static async start(t: TestContext, serverSettings: object = {}): Promise<IdentityPlane> {
    const folder = await mkdtemp(path.join(tmpdir(), 'agent-e2e-'))
    await chmod(folder, 0o755)
    const plane = new IdentityPlane(folder, t, serverSettings)
    t.after(async () => {
      for (const client of plane.#opened) client.close()
      await plane.#server?.end('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    })
    plane.#port = await freePort()
    await plane.startServer()
    return plane
  }

  async startServer(): Promise<void> {
    await mkdir(path.join(this.folder, 'server'), { recursive: true, mode: 0o700 })
    const data = path.join(this.folder, 'server')
    const file = path.join(this.folder, 'server.json')
    const config = {
      server: {
        bind_address: '127.0.0.1',
        bind_port: this.#port,
        socket_path: path.join(data, 'api.sock'),
        trust_domain: trustDomain,
        data_dir: data,
        log_level: 'DEBUG',
        ratelimit: { attestation: false },
        ...this.#serverSettings,
      },
      plugins: {
        DataStore: { level: { plugin_data: { path: path.join(data, 'level') } } },
        KeyManager: { disk: { plugin_data: { keys_path: path.join(data, 'keys.json') } } },
        NodeAttestor: { join_token: { plugin_data: {} } },
      },
    }
    await writeFile(file, JSON.stringify(config))
    this.#server = new RunningProgram([...nodeCommand('server/main'), 'run', '-config', file])
    await untilHealthy(path.join(data, 'api.sock'), this.#server)
    await this.writeBundle()
  }

  get server(): RunningProgram {
    if (this.#server === undefined) throw new TypeError('the server is not started yet')
    return this.#server
  }

  async killServer(): Promise<void> {
    await this.#server?.end('SIGKILL')
  }

  get agents(): GrpcClient<AgentDefinition> {
    return this.#open(serviceDefinition<AgentDefinition>('spire.api.server.agent.v1.Agent'))
  }

  get policies(): GrpcClient<PolicyDefinition> {
    return this.#open(serviceDefinition<PolicyDefinition>('countersign.server.policy.v1.Policy'))
  }

  /** A join token; its agent's path is `/spire/agent/join_token/<token>`. */
  async token(): Promise<string> {
    const { value } = await this.agents.unary('CreateJoinToken', { ttl: 600 }, limited())
    return value
  }

  async createEntry(id: string, token: string, entry: Partial<Entry> = {}): Promise<void> {
    const entries = this.#open(
      serviceDefinition<EntryDefinition>('spire.api.server.entry.v1.Entry'),
    )
    const { results } = await entries.unary(
      'BatchCreateEntry',
      {
        entries: [
          {
            id,
            spiffeId: { trustDomain, path: `/${id}` },
            parentId: { trustDomain, path: `/spire/agent/join_token/${token}` },
            ...entry,
          },
        ],
      },
      limited(),
    )
    if (results[0]?.status?.code !== 0) throw new Error(JSON.stringify(results))
  }

  async deleteEntry(id: string): Promise<void> {
    const entries = this.#open(
      serviceDefinition<EntryDefinition>('spire.api.server.entry.v1.Entry'),
    )
    await entries.unary('BatchDeleteEntry', { ids: [id] }, limited())
  }

  async writeBundle(): Promise<void> {
    const bundles = this.#open(
      serviceDefinition<BundleDefinition>('spire.api.server.bundle.v1.Bundle'),
    )
    const { x509Authorities } = await bundles.unary('GetBundle', {}, limited())
    const pem = x509Authorities.map(({ asn1 }) => writePem('CERTIFICATE', asn1)).join('')
    await writeFile(path.join(this.folder, 'bundle.pem'), pem)
  }

  /** Paths of an agent's sockets. */
  sockets(name = 'agent'): { workload: string; proxy: string; admin: string } {
    const at = (...parts: string[]): string => path.join(this.folder, name, ...parts)
    return {
      workload: at('public', 'api.sock'),
      proxy: at('proxy', 'proxy.sock'),
      admin: at('admin', 'admin.sock'),
    }
  }

  /** Starts an agent and waits until it serves. */
  async startAgent(options: AgentOptions): Promise<RunningProgram> {
    const agent = await this.spawnAgent(options)
    await untilHealthy(this.sockets(options.name).workload, agent)
    return agent
  }

  /** Starts an agent; whether it comes up is the caller's to see. */
  async spawnAgent(options: AgentOptions): Promise<RunningProgram> {
    const { name = 'agent', token, keyManager, unix = {}, agent = {} } = options
    const data = path.join(this.folder, name)
    await mkdir(data, { recursive: true, mode: 0o755 })
    const sockets = this.sockets(name)
    const config = {
      agent: {
        trust_domain: trustDomain,
        server_address: '127.0.0.1',
        server_port: this.#port,
        data_dir: path.join(data, 'data'),
        socket_path: sockets.workload,
        admin_socket_path: sockets.admin,
        proxy_socket_path: sockets.proxy,
        trust_bundle_path: path.join(this.folder, 'bundle.pem'),
        log_level: 'DEBUG',
        ...(token === undefined ? {} : { join_token: token }),
        ...agent,
      },
      plugins: {
        NodeAttestor: { join_token: { plugin_data: {} } },
        KeyManager: keyManager ?? {
          disk: { plugin_data: { directory: path.join(data, 'keys') } },
        },
        WorkloadAttestor: { unix: { plugin_data: unix } },
      },
    }
    const file = path.join(data, 'agent.json')
    await writeFile(file, JSON.stringify(config))
    const program = new RunningProgram([...nodeCommand('agent/main'), 'run', '-config', file])
    this.#t.after(async () => {
      await program.end('SIGKILL')
    })
    return program
  }

  #open<D extends AnyDefinition>(definition: D): GrpcClient<D> {
    const target = unixTarget(path.join(this.folder, 'server', 'api.sock'))
    const client = new GrpcClient(definition, target)
    this.#opened.push(client)
    return client
  }
}

type AnyDefinition = AgentDefinition | BundleDefinition | EntryDefinition | PolicyDefinition

function limited(): { signal: AbortSignal } {
  return { signal: AbortSignal.timeout(30_000) }
}

async function untilHealthy(socket: string, program: RunningProgram): Promise<void> {
  const definition = serviceDefinition<HealthDefinition>('grpc.health.v1.Health')
  const late = Date.now() + 60_000
  for (;;) {
    const client = new GrpcClient(definition, unixTarget(socket))
    try {
      await client.unary('Check', {}, limited())
      return
    } catch (error) {
      if (!program.isRunning || Date.now() > late)
        throw new Error(`${socket} does not answer; output:\n${program.output}`, { cause: error })
    } finally {
      client.close()
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
