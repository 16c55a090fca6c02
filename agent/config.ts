/**
 * The agent's configuration: SPIRE's key names and messages, one schema, unknown keys refused.
 * `agent validate` and `agent run` read it by this code.
 */

import path from 'node:path'
import { z } from 'zod'
import { describeInvalid, notSupported, parseConfig, readConfigText } from '../runtime/config.ts'
import { Failure, reasonOf } from '../runtime/failure.ts'
import { hasCode } from '../runtime/files.ts'
import { type LogOptions, parseLogOptions } from '../runtime/log.ts'
import { parseSpiffeId, type SpiffeId } from '../spiffe/spiffe-id.ts'
import { parseTrustDomain, type TrustDomain } from '../spiffe/trust-domain.ts'
import type { BootstrapFile } from './attestation/bootstrap.ts'
import { isWorkloadKeyType, type WorkloadKeyType } from './key-managers/key-manager.ts'
import { pluginData } from './plugin-data.ts'
import type { ServerAddress } from './server-link/server-link.ts'

/** What a file may hold. docs/configuration.md describes each key. */
export const agentConfigFile = z.strictObject({
  agent: z
    .strictObject({
      trust_domain: z.string().optional(),
      server_address: z.string().optional(),
      server_port: z.int().min(0).max(65_535).optional(),
      data_dir: z.string().optional(),
      socket_path: z.string().optional(),
      admin_socket_path: z.string().optional(),
      proxy_socket_path: z.string().optional(),
      proxy_socket_group: z.string().optional(),
      authorized_proxies: z.array(z.string()).max(1000).default([]),
      trust_bundle_path: z.string().optional(),
      trust_bundle_format: z.string().default('pem'),
      insecure_bootstrap: z.boolean().default(false),
      join_token: z.string().optional(),
      join_token_file: z.string().optional(),
      log_level: z.string().default('INFO'),
      log_format: z.string().default('text'),
      log_file: z.string().optional(),
      workload_x509_svid_key_type: z.string().optional(),
      experimental: z.record(z.string(), z.unknown()).optional(),
      allow_unauthenticated_verifiers: notSupported,
      allowed_foreign_jwt_claims: notSupported,
      authorized_delegates: notSupported,
      availability_target: notSupported,
      disable_sds_api: notSupported,
      disable_workload_api: notSupported,
      jwt_svid_cache_max_size: notSupported,
      log_selectors: notSupported,
      log_source_location: notSupported,
      profiling_enabled: notSupported,
      profiling_freq: notSupported,
      profiling_names: notSupported,
      profiling_port: notSupported,
      rebootstrap_delay: notSupported,
      rebootstrap_mode: notSupported,
      sds: notSupported,
      trust_bundle_spiffe_workload_api: notSupported,
      trust_bundle_unix_socket: notSupported,
      trust_bundle_url: notSupported,
      x509_svid_cache_max_size: notSupported,
    })
    .optional(),
  plugins: z
    .strictObject({
      NodeAttestor: section(pluginData.NodeAttestor),
      KeyManager: section(pluginData.KeyManager),
      WorkloadAttestor: section(pluginData.WorkloadAttestor),
      SVIDStore: notSupported,
    })
    .optional(),
  health_checks: notSupported,
  telemetry: notSupported,
})

type Raw = z.infer<typeof agentConfigFile>

/** Plugins of one kind, by name, with their own settings. */
export type PluginSettings = Readonly<Record<string, unknown>>

export interface AgentConfig {
  readonly trustDomain: TrustDomain
  readonly server: ServerAddress
  readonly dataDir: string
  readonly sockets: AgentSockets
  /** Undefined where the configuration asks for a bootstrap without one. */
  readonly bootstrap: BootstrapFile | undefined
  readonly joinToken: string | undefined
  readonly joinTokenFile: string | undefined
  readonly workloadKeyType: WorkloadKeyType
  readonly log: LogOptions
  readonly plugins: AgentPlugins
}

export interface AgentSockets {
  readonly workload: string
  readonly admin: string | undefined
  readonly proxy: ProxySocket | undefined
}

export interface ProxySocket {
  readonly path: string
  /** Name or number of the group that may connect; the agent's own unless told. */
  readonly group: string | undefined
  readonly authorized: readonly SpiffeId[]
}

export interface AgentPlugins {
  readonly nodeAttestor: PluginSettings
  readonly keyManager: PluginSettings
  readonly workloadAttestor: PluginSettings
}

/** What the command line sets in place of the file. */
export interface ConfigOverrides {
  readonly keys: Readonly<Partial<NonNullable<Raw['agent']>>>
  /** Set when variables of this environment are to be filled into the file. */
  readonly expandEnv?: Readonly<Record<string, string | undefined>>
}

const defaultSocketPath = '/tmp/spire-agent/public/api.sock'

/** @throws {Failure} `invalid-configuration`, the message ready to be shown. */
export async function loadAgentConfig(
  file: string,
  { keys, expandEnv }: ConfigOverrides = { keys: {} },
): Promise<AgentConfig> {
  const where = path.resolve(file)
  const text = await readText(where)
  const expanded = expandEnv === undefined ? text : fillIn(text, expandEnv)
  const result = parseConfig(expanded, agentConfigFile)
  if ('config' in result) return agentConfig(result.config, keys)
  throw invalid(describeInvalid(where, result.problems))
}

/** Checks in SPIRE's order; the first problem is the one that is told. */
function agentConfig(raw: Raw, overrides: ConfigOverrides['keys']): AgentConfig {
  if (raw.plugins === undefined) throw invalid('plugins section must be configured')
  if (raw.agent === undefined) throw invalid('agent section must be configured')
  const agent = { ...raw.agent, ...overrides }
  if (!agent.server_address) throw invalid('server_address must be configured')
  if (!agent.server_port) throw invalid('server_port must be configured')
  if (!agent.trust_domain) throw invalid('trust_domain must be configured')
  if (!agent.trust_bundle_path && !agent.insecure_bootstrap)
    throw invalid(
      'trust_bundle_path, trust_bundle_url, or trust_bundle_spiffe_workload_api must be configured unless insecure_bootstrap is set',
    )
  if (agent.trust_bundle_path && agent.insecure_bootstrap)
    throw invalid('only one of insecure_bootstrap or trust_bundle_path can be specified, not both')
  const { NodeAttestor, KeyManager, WorkloadAttestor } = raw.plugins
  return {
    trustDomain: trustDomainOf(agent.trust_domain),
    bootstrap: bootstrapOf(agent),
    log: parseLogOptions({
      level: agent.log_level,
      format: agent.log_format,
      file: agent.log_file ?? '',
    }),
    workloadKeyType: keyTypeOf(agent.workload_x509_svid_key_type || 'ec-p256'),
    sockets: socketsOf(agent),
    server: { host: agent.server_address, port: agent.server_port },
    dataDir: path.resolve(agent.data_dir || '.'),
    joinToken: agent.join_token || undefined,
    joinTokenFile: agent.join_token_file || undefined,
    plugins: {
      nodeAttestor: settingsOf(NodeAttestor),
      keyManager: settingsOf(KeyManager),
      workloadAttestor: settingsOf(WorkloadAttestor),
    },
  }
}

type RawAgent = NonNullable<Raw['agent']>

function trustDomainOf(text: string): TrustDomain {
  try {
    return parseTrustDomain(text)
  } catch (error) {
    throw invalid(`could not parse trust_domain ${JSON.stringify(text)}: ${reasonOf(error)}`)
  }
}

function bootstrapOf({
  trust_bundle_path,
  trust_bundle_format,
}: RawAgent): BootstrapFile | undefined {
  if (trust_bundle_format !== 'pem' && trust_bundle_format !== 'spiffe')
    throw invalid(
      `invalid value for trust_bundle_format, expected "pem" or "spiffe": ${JSON.stringify(trust_bundle_format)}`,
    )
  return trust_bundle_path
    ? { path: path.resolve(trust_bundle_path), format: trust_bundle_format }
    : undefined
}

function keyTypeOf(name: string): WorkloadKeyType {
  if (isWorkloadKeyType(name)) return name
  throw invalid(
    `key type ${JSON.stringify(name)} is unknown; must be one of [rsa-2048, ec-p256, ec-p384]`,
  )
}

function socketsOf(agent: RawAgent): AgentSockets {
  const workload = path.resolve(agent.socket_path || defaultSocketPath)
  const admin = agent.admin_socket_path ? path.resolve(agent.admin_socket_path) : undefined
  if (admin !== undefined) requireApart('admin', admin, workload)
  if (!agent.proxy_socket_path) {
    if (agent.authorized_proxies.length > 0)
      throw invalid('authorized_proxies needs proxy_socket_path to be configured')
    return { workload, admin, proxy: undefined }
  }
  const proxy = path.resolve(agent.proxy_socket_path)
  requireApart('proxy', proxy, workload)
  if (admin === proxy) throw invalid('proxy socket cannot be the admin socket')
  return {
    workload,
    admin,
    proxy: {
      path: proxy,
      group: agent.proxy_socket_group || undefined,
      authorized: agent.authorized_proxies.map(proxyIdOf),
    },
  }
}

/** Whoever may enter the directory of the public socket is not to reach the others. */
function requireApart(name: string, socket: string, workload: string): void {
  const folder = path.dirname(workload)
  const isInside = path.dirname(socket) === folder || socket.startsWith(`${folder}${path.sep}`)
  if (isInside)
    throw invalid(
      `${name} socket cannot be in the same directory or a subdirectory as that containing the Workload API socket`,
    )
}

function proxyIdOf(text: string): SpiffeId {
  try {
    return parseSpiffeId(text)
  } catch (error) {
    throw invalid(`error validating authorized proxy: ${reasonOf(error)}`)
  }
}

/**
 * One kind of plugins. The settings of those that the agent has are read here; that it has a plugin,
 * and as many as are needed, is looked at when it starts, as with SPIRE.
 */
function section<Shape extends Record<string, z.ZodType>>(known: Shape) {
  const plugin = <Data extends z.ZodType>(data: Data) =>
    z.strictObject({ plugin_data: data.nullish() }).nullish()
  const shape = Object.fromEntries(
    Object.entries(known).map(([name, data]) => [name, plugin(data)] as const),
  )
  return z.object(shape).catchall(plugin(z.unknown())).default({})
}

type Section = Readonly<Record<string, { readonly plugin_data?: unknown } | null | undefined>>

function settingsOf(configured: Section): PluginSettings {
  return Object.fromEntries(
    Object.entries(configured).map(([name, plugin]) => [name, plugin?.plugin_data ?? {}]),
  )
}

/** `$NAME` and `${NAME}`; what is not set becomes empty. */
function fillIn(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (_all, braced: string | undefined, plain: string | undefined) =>
      env[braced ?? plain ?? ''] ?? '',
  )
}

async function readText(file: string): Promise<string> {
  try {
    return await readConfigText(file)
  } catch (error) {
    if (hasCode(error, 'ENOENT'))
      throw invalid(`could not find config file ${file}: please use the -config flag`)
    throw invalid(`unable to read configuration at ${JSON.stringify(file)}: ${reasonOf(error)}`)
  }
}

function invalid(message: string): Failure {
  return new Failure('invalid-configuration', message)
}
