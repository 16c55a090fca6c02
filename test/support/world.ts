/**
 * A whole Countersign of real processes in a folder of its own, each as a user of its own:
 *
 *     callers -> outbound proxy -> mutual TLS -> inbound proxy -> an app that counts
 *
 * with one server and one agent. Needs root, and the built product.
 */

import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { z } from 'zod'
import { run } from '../../examples/inventory/processes.ts'
import { DrivenProgram } from './driven-program.ts'
import { IdentityPlane } from './identity-plane.ts'
import { ProxyProcess } from './proxy-process.ts'
import { ReadableProduct } from './readable-command.ts'
import type { RunAs, RunningProgram } from './running-program.ts'

/** Users that no account has; `other` has no entry. */
export const uids = {
  outbound: 64_201,
  inbound: 64_202,
  inventory: 64_203,
  reporter: 64_211,
  buyer: 64_212,
  other: 64_219,
} as const
export type Role = keyof typeof uids
const proxiesGid = 64_200

export const trustDomain = 'example.org'
export const appId = (name: string): string => `spiffe://${trustDomain}/ns/default/${name}`

/** Every caller may call every tool. */
export const openPolicy = `apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: open}
spec:
  app: inventory
  rules:
    - callers: "*"
      mcp: "*"
`

export interface WorldOptions {
  /** Further settings of the server and of the agent. */
  readonly server?: object
  readonly agent?: object
  readonly unixAttestor?: object
  /** Selectors of further entries, of the attestor `unix`, by the App ID that they stand for. */
  readonly entries?: Readonly<Record<string, readonly string[]>>
  /** Where the app listens; a Unix socket unless told. */
  readonly upstream?: 'unix' | 'tcp'
  readonly protocol?: 'mcp' | 'http'
  /** In force from the start; `openPolicy` unless told. */
  readonly policy?: string
}

/** What a command printed, and its exit code. */
export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

export class World {
  readonly plane: IdentityPlane
  readonly #t: TestContext
  readonly #options: WorldOptions
  readonly #product: ReadableProduct
  #token = ''
  #agent: RunningProgram | undefined
  #app: DrivenProgram | undefined
  #appPort = 0
  #inbound: ProxyProcess | undefined
  #outbound: ProxyProcess | undefined

  private constructor(plane: IdentityPlane, t: TestContext, options: WorldOptions) {
    this.plane = plane
    this.#t = t
    this.#options = options
    this.#product = new ReadableProduct(plane.folder)
  }

  /** Everything is up, and its policy in force, when this resolves; all of it ends with the test. */
  static async start(t: TestContext, options: WorldOptions = {}): Promise<World> {
    const world = new World(await IdentityPlane.start(t, options.server), t, options)
    await world.#build()
    return world
  }

  get agent(): RunningProgram {
    return present(this.#agent)
  }

  /** The app's process; see `counting-app.ts`. */
  get app(): DrivenProgram {
    return present(this.#app)
  }

  get inbound(): ProxyProcess {
    return present(this.#inbound)
  }

  get outbound(): ProxyProcess {
    return present(this.#outbound)
  }

  /** The agent's SPIFFE ID is the parent of every entry. */
  get agentPath(): string {
    return `/spire/agent/join_token/${this.#token}`
  }

  /** Starts the agent again; it has its SVID on disk. */
  async startAgent(token?: string): Promise<void> {
    const agent = {
      proxy_socket_group: String(proxiesGid),
      authorized_proxies: [`spiffe://${trustDomain}/inbound`, `spiffe://${trustDomain}/outbound`],
      log_format: 'json',
      ...this.#options.agent,
    }
    const { unixAttestor: unix = {} } = this.#options
    const attested = token === undefined ? {} : { token }
    this.#agent = await this.plane.startAgent({ ...attested, agent, unix })
  }

  /** Starts a process that answers at the app's place, as the app's user unless told. */
  async startApp(role: Role = 'inventory'): Promise<DrivenProgram> {
    const socket = this.#appSocket(role)
    rmSync(socket, { force: true })
    const where = this.#options.upstream === 'tcp' ? String(this.#appPort) : socket
    const app = this.drive('test/support/counting-app', [where], role)
    this.#appPort = await app.ask(z.number(), 'listening')
    this.#app = app
    return app
  }

  /** A workload that calls through the outbound proxy; see `calling-workload.ts`. */
  caller(role: Role): DrivenProgram {
    return this.drive('test/support/calling-workload', [String(this.outbound.port)], role)
  }

  /** Starts a module of the tests as a user; it ends with the test. */
  drive(module: string, args: readonly string[], role: Role): DrivenProgram {
    return this.run([...this.words(module), ...args], role)
  }

  /** Starts a program that takes commands, as a user; it ends with the test. */
  run(words: readonly string[], role: Role): DrivenProgram {
    const program = new DrivenProgram(words, as(role))
    this.#t.after(() => program.end())
    return program
  }

  /** The words that start a module of the product, where its user can read it. */
  words(module: string): string[] {
    return this.#product.command(module)
  }

  /** Who this user's processes are for the kernel. */
  as(role: Role): RunAs {
    return as(role)
  }

  /** Runs a command against the server's private socket. */
  async countersign(...words: string[]): Promise<Said> {
    return await this.offline(
      ...words,
      '-socketPath',
      path.join(this.plane.folder, 'server/api.sock'),
    )
  }

  /** Runs a command that needs no server. */
  async offline(...words: string[]): Promise<Said> {
    return await run({ executable: path.join(this.#product.root, 'bin/countersign') }, words)
  }

  /** Applies a policy, or throws; whether it is in force yet is not waited for. */
  async apply(source: string): Promise<void> {
    const file = path.join(this.plane.folder, 'policy.yaml')
    writeFileSync(file, source)
    const { code, err } = await this.countersign('policy', 'apply', file)
    if (code !== 0) throw new Error(err)
  }

  /** The exported bundle history, in a file. */
  async history(): Promise<string> {
    const { code, out, err } = await this.countersign('server', 'bundle', 'history')
    if (code !== 0) throw new Error(err)
    const file = path.join(this.plane.folder, 'history.jsonl')
    writeFileSync(file, out)
    return file
  }

  async #build(): Promise<void> {
    this.#token = await this.plane.token()
    for (const role of ['inbound', 'outbound'] as const)
      await this.#entry(role, [`uid:${uids[role]}`], `/${role}`)
    for (const role of ['inventory', 'reporter', 'buyer'] as const)
      await this.#entry(role, [`uid:${uids[role]}`], `/ns/default/${role}`)
    for (const [name, selectors] of Object.entries(this.#options.entries ?? {}))
      await this.#entry(name, selectors, `/ns/default/${name}`)
    await this.startAgent(this.#token)
    await this.startApp()
    await this.apply(this.#options.policy ?? openPolicy)
    const { protocol = 'mcp', upstream = 'unix' } = this.#options
    this.#inbound = await this.#startProxy('inbound', {
      app: 'inventory',
      protocol,
      upstream:
        upstream === 'tcp' ? { tcp: `127.0.0.1:${this.#appPort}` } : { unix: this.#appSocket() },
    })
    await this.#inbound.logged('Policies in force')
    await this.#inbound.logged('The app is attested')
    const address = `127.0.0.1:${this.#inbound.port}`
    this.#outbound = await this.#startProxy('outbound', { app: 'inventory', address })
  }

  async #entry(name: string, selectors: readonly string[], spiffePath: string): Promise<void> {
    await this.plane.createEntry(name, this.#token, {
      spiffeId: { trustDomain, path: spiffePath },
      selectors: selectors.map((value) => ({ type: 'unix', value })),
    })
  }

  async #startProxy(kind: 'inbound' | 'outbound', listener: object): Promise<ProxyProcess> {
    const { workload, proxy } = this.plane.sockets()
    const started = await ProxyProcess.start({
      folder: path.join(this.plane.folder, kind),
      as: as(kind),
      words: this.words('proxy/main'),
      common: {
        trust_domain: trustDomain,
        agent_socket_path: workload,
        agent_proxy_socket_path: proxy,
      },
      kind,
      listener,
    })
    this.#t.after(() => started.program.end('SIGKILL'))
    return started
  }

  /** In a folder that only its owner may write to and only the inbound proxy may enter. */
  #appSocket(owner: Role = 'inventory'): string {
    const folder = path.join(this.plane.folder, 'app')
    mkdirSync(folder, { recursive: true })
    chownSync(folder, uids[owner], uids.inbound)
    chmodSync(folder, 0o750)
    return path.join(folder, 'mcp.sock')
  }
}

function as(role: Role): RunAs {
  const isProxy = role === 'inbound' || role === 'outbound'
  return { uid: uids[role], gid: uids[role], ...(isProxy ? { groups: [proxiesGid] } : {}) }
}

function present<T>(part: T | undefined): T {
  if (part === undefined) throw new TypeError('it is not started yet')
  return part
}
