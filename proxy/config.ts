/**
 * The configuration file of a proxy. docs/proxy.md describes each key; unknown keys are refused with
 * file, line and column, and `proxy validate` runs the same code.
 */

import path from 'node:path'
import { z } from 'zod'
import { appSpiffeId, defaultNamespace } from '../registration/app-id.ts'
import { durationMs, loadConfig } from '../runtime/config.ts'
import { reasonOf } from '../runtime/failure.ts'
import { type LogOptions, logLevels } from '../runtime/log.ts'
import { parseSpiffeId, type SpiffeId } from '../spiffe/spiffe-id.ts'
import { parseTrustDomain, type TrustDomain } from '../spiffe/trust-domain.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { hostPort, isLoopback, type ListenAddress } from './listen-address.ts'
import type { UpstreamAddress } from './upstream/attested-connection.ts'

export interface InboundSettings {
  readonly app: SpiffeId
  readonly listen: ListenAddress
  readonly protocol: 'mcp' | 'http'
  readonly upstream: UpstreamAddress
  /** Of the MCP endpoint; unused with plain HTTP. */
  readonly path: string
  readonly authorization: 'forward' | 'strip'
  /** Further Host names, lower case. */
  readonly names: readonly string[]
  readonly origins: readonly string[]
}

export interface OutboundSettings {
  readonly app: SpiffeId
  readonly listen: ListenAddress
  readonly address: ListenAddress
  readonly origins: readonly string[]
}

export interface ProxySettings {
  readonly trustDomain: TrustDomain
  readonly agentSocketPath: string
  readonly agentProxySocketPath: string
  readonly dataDir: string
  readonly durability: 'written' | 'synced'
  readonly limits: Limits
  /** How long open exchanges may go on after SIGTERM. */
  readonly shutdownGraceMs: number
  readonly inbound: readonly InboundSettings[]
  readonly outbound: readonly OutboundSettings[]
}

export interface ProxyConfig {
  readonly settings: ProxySettings
  readonly log: LogOptions
}

const absolutePath = z.string().refine((text) => path.isAbsolute(text), 'expected an absolute path')
const address = z.string().transform((text, context) => {
  const read = hostPort(text)
  if (read !== undefined) return read
  const message = `expected HOST:PORT such as 127.0.0.1:9443, got ${JSON.stringify(text)}`
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})
const loopback = address.refine(
  isLoopback,
  'expected a loopback address: whoever reaches an outbound listener is taken for a local process',
)
const origin = z
  .string()
  .regex(/^https?:\/\/[a-z0-9.[\]:-]+$/, 'expected an origin such as https://console.example.org')
const hostName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/, 'expected a host name in lower case, without a port')
const upstream = z.union(
  [
    z.strictObject({ unix: absolutePath, attest: z.literal('listener').optional() }),
    z.strictObject({ tcp: loopback, attest: z.literal('listener').optional() }),
  ],
  'expected {unix: /path/of/socket} or {tcp: 127.0.0.1:PORT}',
)
const bytes = z.int().min(1)

const inbound = z.strictObject({
  app: z.string(),
  listen: address,
  protocol: z.enum(['mcp', 'http']),
  upstream,
  path: z
    .string()
    .regex(/^\/[A-Za-z0-9._~/-]*$/, 'expected the path of the MCP endpoint, such as /mcp')
    .default('/mcp'),
  authorization: z.enum(['forward', 'strip']).default('forward'),
  names: z.array(hostName).default([]),
  origins: z.array(origin).default([]),
})

const outbound = z.strictObject({
  app: z.string(),
  listen: loopback,
  address,
  origins: z.array(origin).default([]),
})

const limits = z.strictObject({
  max_connections: bytes.optional(),
  max_header_bytes: bytes.optional(),
  max_header_fields: bytes.optional(),
  max_target_bytes: bytes.optional(),
  max_message_bytes: bytes.optional(),
  max_list_bytes: bytes.optional(),
  handshake_timeout: durationMs.optional(),
  header_timeout: durationMs.optional(),
  request_timeout: durationMs.optional(),
  message_timeout: durationMs.optional(),
  answer_timeout: durationMs.optional(),
  idle_timeout: durationMs.optional(),
  upstream_idle_timeout: durationMs.optional(),
  peer_idle_timeout: durationMs.optional(),
  connect_timeout: durationMs.optional(),
  max_stream_age: durationMs.optional(),
})

const proxy = z.strictObject({
  trust_domain: z.string(),
  agent_socket_path: absolutePath,
  agent_proxy_socket_path: absolutePath,
  data_dir: absolutePath,
  durability: z.enum(['written', 'synced']).default('written'),
  shutdown_grace: durationMs.default(10_000),
  log_level: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(logLevels))
    .optional(),
  log_format: z.enum(['text', 'json']).optional(),
  log_file: absolutePath.optional(),
  limits: limits.optional(),
  inbound: z.array(inbound).default([]),
  outbound: z.array(outbound).default([]),
})

/** What a file must hold, and what becomes of it. */
export const proxyConfig = z
  .strictObject({ proxy })
  .transform(({ proxy: raw }, context): ProxyConfig => {
    const problem = (place: (string | number)[], message: string): never => {
      context.addIssue({ code: 'custom', path: ['proxy', ...place], message })
      return z.NEVER
    }
    const read = <T>(place: (string | number)[], parse: () => T): T => {
      try {
        return parse()
      } catch (error) {
        return problem(place, reasonOf(error))
      }
    }
    const trustDomain = read(['trust_domain'], () => parseTrustDomain(raw.trust_domain))
    const appOf = (list: string, at: number, text: string): SpiffeId =>
      read([list, at, 'app'], () => parseApp(text, trustDomain))
    if (raw.inbound.length + raw.outbound.length === 0)
      problem([], 'expected at least one listener under inbound or outbound')
    return {
      log: {
        ...(raw.log_level === undefined ? {} : { level: raw.log_level }),
        ...(raw.log_format === undefined ? {} : { format: raw.log_format }),
        ...(raw.log_file === undefined ? {} : { file: raw.log_file }),
      },
      settings: {
        trustDomain,
        agentSocketPath: raw.agent_socket_path,
        agentProxySocketPath: raw.agent_proxy_socket_path,
        dataDir: raw.data_dir,
        durability: raw.durability,
        shutdownGraceMs: raw.shutdown_grace,
        limits: readLimits(raw.limits),
        inbound: raw.inbound.map((each, at) => ({ ...each, app: appOf('inbound', at, each.app) })),
        outbound: raw.outbound.map((each, at) => ({
          ...each,
          app: appOf('outbound', at, each.app),
        })),
      },
    }
  })

/** @throws {Failure} `invalid-configuration` with every problem of the file. */
export async function loadProxyConfig(file: string): Promise<ProxyConfig> {
  return await loadConfig(file, proxyConfig)
}

/** `inventory`, `prod/inventory`, or a SPIFFE ID. */
function parseApp(text: string, trustDomain: TrustDomain): SpiffeId {
  if (text.includes(':')) return parseSpiffeId(text)
  const [first = '', second, ...others] = text.split('/')
  if (others.length > 0) throw new TypeError('expected an App ID, NAMESPACE/APP or a SPIFFE ID')
  return second === undefined
    ? appSpiffeId(trustDomain, defaultNamespace, first)
    : appSpiffeId(trustDomain, first, second)
}

type RawLimits = z.infer<typeof limits>

function readLimits(raw: RawLimits = {}): Limits {
  const fallback = defaultLimits
  return {
    maxConnections: raw.max_connections ?? fallback.maxConnections,
    maxHeaderBytes: raw.max_header_bytes ?? fallback.maxHeaderBytes,
    maxHeaderFields: raw.max_header_fields ?? fallback.maxHeaderFields,
    maxTargetBytes: raw.max_target_bytes ?? fallback.maxTargetBytes,
    maxMessageBytes: raw.max_message_bytes ?? fallback.maxMessageBytes,
    maxListBytes: raw.max_list_bytes ?? fallback.maxListBytes,
    handshakeTimeoutMs: raw.handshake_timeout ?? fallback.handshakeTimeoutMs,
    headerTimeoutMs: raw.header_timeout ?? fallback.headerTimeoutMs,
    requestTimeoutMs: raw.request_timeout ?? fallback.requestTimeoutMs,
    messageTimeoutMs: raw.message_timeout ?? fallback.messageTimeoutMs,
    answerTimeoutMs: raw.answer_timeout ?? fallback.answerTimeoutMs,
    idleTimeoutMs: raw.idle_timeout ?? fallback.idleTimeoutMs,
    upstreamIdleTimeoutMs: raw.upstream_idle_timeout ?? fallback.upstreamIdleTimeoutMs,
    peerIdleTimeoutMs: raw.peer_idle_timeout ?? fallback.peerIdleTimeoutMs,
    connectTimeoutMs: raw.connect_timeout ?? fallback.connectTimeoutMs,
    maxStreamAgeMs: raw.max_stream_age ?? fallback.maxStreamAgeMs,
  }
}
