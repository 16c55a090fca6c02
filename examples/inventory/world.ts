/**
 * The demo's machine: a server, an agent, two proxies, an MCP server, and who each of them is.
 *
 * As root every program has a uid of its own. Without root all are one uid, and the programs are told
 * apart by their executables: each gets a copy of the interpreter.
 */

import type { ChildProcess } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { listening, logged, run, start, stopAll, type Who } from './processes.ts'
import { readableProduct } from './product.ts'

const trustDomain = 'example.org'
export const agentNames = ['reporter', 'buyer', 'assistant'] as const
export type AgentName = (typeof agentNames)[number]

const here = path.dirname(fileURLToPath(import.meta.url))
const checkout = path.resolve(here, '../../..')
const asRoot = process.getuid?.() === 0
/** Uids that no account has, so that nothing else on the machine runs as one of them. */
const uids = {
  'proxy-a': 64101,
  'proxy-b': 64102,
  inventory: 64103,
  reporter: 64111,
  buyer: 64112,
  assistant: 64113,
  impostor: 64119,
} as const
type Name = keyof typeof uids
/** The group of the agent's proxy socket. */
const proxiesGid = 64100

export interface World {
  readonly separated: boolean
  readonly folder: string
  readonly recordFolder: string
  readonly bundleFile: string
  /** Runs an agent's program as this identity against a URL or a socket; its one line of JSON. */
  agent(name: AgentName | 'impostor', target: string, as?: Who): Promise<AgentReport>
  /** Runs a `countersign` command against the demo's server. */
  countersign(...words: string[]): Promise<{ code: number; out: string; err: string }>
  /** Runs a command that asks nobody: what an auditor has is files. */
  offline(...words: string[]): Promise<{ code: number; out: string; err: string }>
  /** Runs a command that changes policy; resolves when the proxy has the change in force. */
  policy(...words: string[]): Promise<{ code: number; out: string; err: string }>
  readonly who: (name: AgentName | 'impostor') => Who
  /** Where the outbound proxy listens, as an agent's configuration has it. */
  readonly url: string
  readonly serverSocket: string
  /** What the MCP server itself counted, and its rows. */
  state(): ServerState
  /** Puts the MCP server's data back. */
  reseed(): Promise<void>
  close(): Promise<void>
}

export interface AgentReport {
  readonly shown: readonly string[]
  readonly results: Readonly<Record<string, string>>
}

export interface ServerState {
  readonly calls: Readonly<Record<string, number>>
  readonly rows: Readonly<Record<string, number>> | null
}

/** `proxyWords` starts a proxy given its configuration file; ours unless a test says otherwise. */
export async function createWorld(proxyWords: readonly string[]): Promise<World> {
  const folder = mkdtempSync(path.join(tmpdir(), 'countersign-demo-'))
  chmodSync(folder, 0o711)
  try {
    return await build(folder, proxyWords)
  } catch (error) {
    await stopAll()
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

async function build(folder: string, proxyWords: readonly string[]): Promise<World> {
  const at = (...parts: string[]): string => path.join(folder, ...parts)
  const log = (name: string): string => at('logs', `${name}.log`)
  directory(at('logs'), 0o700)
  directory(at('programs'), 0o755)
  const product = asRoot ? readableProduct(checkout, folder) : checkout
  const cli = path.join(product, 'bin/countersign')
  const programs = { agent: program(folder, 'agent'), server: program(folder, 'mcp-server') }
  const who = (name: Name): Who => identity(folder, name)
  const self: Who = { executable: cli }

  // The identity server, with everything it keeps in this folder.
  directory(at('server'), 0o700)
  const serverApi = at('server', 'api.sock')
  const [serverPort, inboundPort, outboundPort] = await freePorts(3)
  write(at('server', 'server.yaml'), {
    server: {
      trust_domain: trustDomain,
      bind_address: '127.0.0.1',
      bind_port: serverPort,
      socket_path: serverApi,
      data_dir: at('server', 'data'),
    },
    plugins: {
      DataStore: { level: { plugin_data: { path: at('server', 'data', 'store') } } },
      KeyManager: { disk: { plugin_data: { keys_path: at('server', 'data', 'keys.json') } } },
      NodeAttestor: { join_token: { plugin_data: {} } },
    },
  })
  const server = start(
    self,
    ['server', 'run', '-config', at('server', 'server.yaml')],
    log('server'),
  )
  await listening({ path: serverApi }, server, log('server'))
  const countersign = async (...words: string[]) =>
    await run(self, [...words, '-socketPath', serverApi])
  const required = async (...words: string[]): Promise<string> => {
    const { code, out, err } = await countersign(...words)
    if (code !== 0) throw new Error(`countersign ${words.join(' ')} failed: ${err}`)
    return out
  }

  // The node agent: bootstraps from the bundle, attests with a token that works once.
  const bundleFile = at('bundle.pem')
  writeFileSync(bundleFile, await required('server', 'bundle', 'show'))
  const token: unknown = JSON.parse(
    await required('server', 'token', 'generate', '-output', 'json'),
  )
  directory(at('agent'), 0o711)
  directory(at('agent', 'public'), 0o755)
  directory(at('agent', 'proxy'), 0o750)
  directory(at('agent', 'data'), 0o700)
  if (asRoot) chownSync(at('agent', 'proxy'), 0, proxiesGid)
  writeFileSync(at('agent', 'token'), field(token, 'value'), { mode: 0o600 })
  const proxyIds = ['proxy-a', 'proxy-b'].map((name) => `spiffe://${trustDomain}/proxy/${name}`)
  const workloadApi = at('agent', 'public', 'api.sock')
  const proxySocket = at('agent', 'proxy', 'proxy.sock')
  write(at('agent', 'agent.yaml'), {
    agent: {
      trust_domain: trustDomain,
      server_address: '127.0.0.1',
      server_port: serverPort,
      data_dir: at('agent', 'data'),
      socket_path: workloadApi,
      proxy_socket_path: proxySocket,
      ...(asRoot ? { proxy_socket_group: String(proxiesGid) } : {}),
      trust_bundle_path: bundleFile,
      join_token_file: at('agent', 'token'),
      authorized_proxies: proxyIds,
    },
    plugins: {
      NodeAttestor: { join_token: { plugin_data: {} } },
      KeyManager: { disk: { plugin_data: { directory: at('agent', 'data') } } },
      WorkloadAttestor: { unix: { plugin_data: { discover_workload_path: true } } },
    },
  })
  const node = start(self, ['agent', 'run', '-config', at('agent', 'agent.yaml')], log('agent'))
  await listening({ path: workloadApi }, node, log('agent'))

  // Who gets which identity. The proxies have IDs of their own, never an App ID.
  const agents: unknown = JSON.parse(await required('server', 'agent', 'list', '-output', 'json'))
  const nodeId = onlyId(agents)
  for (const name of ['inventory', ...agentNames] as const)
    await required('app', 'create', name, '--selector', selector(who(name)))
  for (const name of ['proxy-a', 'proxy-b'] as const) {
    const id = `spiffe://${trustDomain}/proxy/${name}`
    const parent = ['-parentID', nodeId, '-selector', selector(who(name))]
    await required('server', 'entry', 'create', '-spiffeID', id, ...parent)
  }

  // The MCP server: a Unix socket that its own uid and the inbound proxy's group can open.
  const serverSocket = at('inventory', 'mcp.sock')
  const stateFile = at('inventory-state', 'state.json')
  directory(at('inventory'), 0o750)
  directory(at('inventory-state'), 0o755)
  if (asRoot) {
    chownSync(at('inventory'), uids.inventory, uids['proxy-b'])
    chmodSync(at('inventory'), 0o2750)
    chownSync(at('inventory-state'), uids.inventory, uids.inventory)
  }
  const before = process.umask(0o007)
  const mcp = start(who('inventory'), [programs.server, serverSocket, stateFile], log('mcp-server'))
  process.umask(before)
  await logged('listening', mcp, log('mcp-server'))

  // One proxy beside the agents, one beside the MCP server.
  const proxy = async (name: 'proxy-a' | 'proxy-b', config: object, port: number) => {
    const data = at(name)
    directory(data, 0o700)
    if (asRoot) chownSync(data, uids[name], uids[name])
    const common = { trust_domain: trustDomain, agent_socket_path: workloadApi }
    const sockets = { agent_proxy_socket_path: proxySocket, data_dir: path.join(data, 'data') }
    const file = at(`${name}.yaml`)
    write(file, { proxy: { ...common, ...sockets, ...config } }, 0o644)
    const child = start(who(name), proxyCommand(product, proxyWords, file), log(name))
    await listening({ host: '127.0.0.1', port }, child, log(name))
    return child
  }
  const inbound = { app: 'inventory', listen: `127.0.0.1:${inboundPort}`, protocol: 'mcp' }
  const callee = await proxy(
    'proxy-b',
    { inbound: [{ ...inbound, path: '/mcp', upstream: { unix: serverSocket } }] },
    inboundPort,
  )
  const outbound = { listen: `127.0.0.1:${outboundPort}`, app: 'inventory' }
  await proxy(
    'proxy-a',
    { outbound: [{ ...outbound, address: `127.0.0.1:${inboundPort}` }] },
    outboundPort,
  )

  const state = (): ServerState => JSON.parse(readFileSync(stateFile, 'utf8')) as ServerState
  return {
    separated: asRoot,
    folder,
    recordFolder: at('proxy-b', 'data', 'record'),
    bundleFile,
    who,
    url: `http://127.0.0.1:${outboundPort}/mcp`,
    serverSocket,
    countersign,
    offline: async (...words) => await run(self, words),
    policy: async (...words) => await inForce(callee, log('proxy-b'), () => countersign(...words)),
    agent: async (name, target, as = who(name)) => {
      const { out, err } = await run(as, [programs.agent, target])
      if (!out.startsWith('{')) throw new Error(`the agent ${name} failed: ${err}`)
      return JSON.parse(out) as AgentReport
    },
    state,
    reseed: async () => {
      const { mtimeNs } = statSync(stateFile, { bigint: true })
      mcp.kill('SIGHUP')
      while (statSync(stateFile, { bigint: true }).mtimeNs === mtimeNs)
        await new Promise((resolve) => setTimeout(resolve, 5))
    },
    close: async () => {
      await stopAll()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A policy is in force once the proxy says so; a refused command changes nothing. */
async function inForce<T extends { code: number }>(
  proxy: ChildProcess,
  log: string,
  change: () => Promise<T>,
): Promise<T> {
  const from = readFileSync(log, 'utf8').length
  const result = await change()
  if (result.code === 0) await logged('Policies in force', proxy, log, from)
  return result
}

/** An agent or server program in one file, as one would ship it. */
function program(folder: string, name: string): string {
  const outfile = path.join(folder, 'programs', `${name}.mjs`)
  const banner = `import { createRequire as __require } from 'node:module'; const require = __require(import.meta.url);`
  buildSync({
    entryPoints: [path.join(here, `${name}.js`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: { js: banner },
  })
  chmodSync(outfile, 0o644)
  return outfile
}

function identity(folder: string, name: Name): Who {
  if (asRoot)
    return {
      executable: process.execPath,
      ids: {
        uid: uids[name],
        gid: uids[name],
        groups: name.startsWith('proxy') ? [proxiesGid] : [],
      },
    }
  if (name === 'impostor') return { executable: process.execPath }
  const executable = path.join(folder, 'programs', name)
  try {
    accessSync(executable)
  } catch {
    copyFileSync(process.execPath, executable, constants.COPYFILE_FICLONE)
    chmodSync(executable, 0o755)
    return { executable }
  }
  return { executable }
}

function selector(who: Who): string {
  return who.ids === undefined ? `unix:path:${who.executable}` : `unix:uid:${who.ids.uid}`
}

function proxyCommand(product: string, words: readonly string[], file: string): readonly string[] {
  return [
    ...(words.length > 0 ? words : [path.join(product, 'dist/proxy/main.js'), 'run']),
    '-config',
    file,
  ]
}

async function freePorts(count: number): Promise<[number, number, number]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      async (server) =>
        await new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => {
            const address = server.address()
            resolve(typeof address === 'object' && address !== null ? address.port : 0)
          })
        }),
    ),
  )
  for (const server of servers) server.close()
  const [first = 0, second = 0, third = 0] = ports
  return [first, second, third]
}

function directory(folder: string, mode: number): void {
  mkdirSync(folder, { recursive: true })
  chmodSync(folder, mode)
}

/** YAML readers take JSON. */
function write(file: string, config: object, mode = 0o600): void {
  writeFileSync(file, JSON.stringify(config, null, 2), { mode })
}

function field(value: unknown, name: string): string {
  if (typeof value !== 'object' || value === null || !(name in value))
    throw new Error(`expected an answer with ${name}`)
  return String(Object.entries(value).find(([key]) => key === name)?.[1])
}

function onlyId(answer: unknown): string {
  const { agents } = answer as { agents: { id: { trust_domain: string; path: string } }[] }
  const [agent] = agents
  if (agent === undefined) throw new Error('no agent attested')
  return `spiffe://${agent.id.trust_domain}${agent.id.path}`
}
