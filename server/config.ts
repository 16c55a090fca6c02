/**
 * The server's configuration: SPIRE's keys and, where a value is wrong, SPIRE's words.
 *
 * First the file is read against a schema, which finds unknown keys and wrong types with their
 * places; then the values are made into what the server runs with. `validate` does the same.
 */

import path from 'node:path'
import { z } from 'zod'
import { describeInvalid, notSupported, parseConfig, readConfigText } from '../runtime/config.ts'
import { parseDurationMs } from '../runtime/duration.ts'
import { Failure, reasonOf } from '../runtime/failure.ts'
import { hasCode } from '../runtime/files.ts'
import { type LogOptions, parseLogOptions } from '../runtime/log.ts'
import { parseSpiffeId, parseTrustDomainOrId, type SpiffeId } from '../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../spiffe/trust-domain.ts'
import type { CaSettings } from './ca/authority-kinds.ts'
import { defaultCaSubject } from './ca/ca-certificate.ts'
import { type ChosenPlugins, choosePlugins, pluginsSchema } from './catalog.ts'
import { type KeyType, keyTypes } from './key-managers/key-manager.ts'

/** What the server runs with. */
export interface ServerSettings {
  readonly trustDomain: TrustDomain
  readonly dataDir: string
  readonly listen: { readonly host: string; readonly port: number }
  readonly socketPath: string
  readonly adminIds: ReadonlySet<SpiffeId>
  readonly ca: CaSettings
  readonly x509SvidTtlSeconds: number
  readonly agentTtlSeconds: number
  readonly rateLimits: { readonly attestation: boolean; readonly signing: boolean }
  readonly plugins: ChosenPlugins
}

/** The settings, and how to log, which is needed before them. */
export interface ServerConfig {
  readonly settings: ServerSettings
  readonly log: LogOptions
}

/** Values of flags that go before those of the file; undefined where no flag was given. */
export interface ConfigOverrides {
  readonly bindAddress?: string | undefined
  readonly serverPort?: number | undefined
  readonly socketPath?: string | undefined
  readonly trustDomain?: string | undefined
  readonly dataDir?: string | undefined
  readonly logLevel?: string | undefined
  readonly logFile?: string | undefined
  readonly logFormat?: string | undefined
  /** Set when variables of this environment are to be filled into the file. */
  readonly expandEnv?: Readonly<Record<string, string | undefined>> | undefined
}

/** Where SPIRE looks when no file is named. */
const defaultConfigFile = 'conf/server/server.conf'

const text = z.string().optional()
const port = z.int().min(0).max(65_535)

/** What a file may hold. docs/configuration.md describes each key. */
export const serverConfig = z.strictObject({
  server: z
    .strictObject({
      trust_domain: text,
      data_dir: text,
      bind_address: text,
      bind_port: port.optional(),
      socket_path: text,
      admin_ids: z.array(z.string()).optional(),
      agent_ttl: text,
      default_x509_svid_ttl: text,
      default_jwt_svid_ttl: text,
      ca_ttl: text,
      ca_key_type: text,
      jwt_key_type: text,
      ca_subject: z
        .strictObject({
          country: z.array(z.string()).optional(),
          organization: z.array(z.string()).optional(),
          common_name: text,
        })
        .optional(),
      jwt_issuer: text,
      disable_jwt_svids: z.boolean().optional(),
      audit_log_enabled: z.boolean().optional(),
      log_level: text,
      log_file: text,
      log_format: text,
      ratelimit: z
        .strictObject({ attestation: z.boolean().optional(), signing: z.boolean().optional() })
        .optional(),
      experimental: z.looseObject({}).optional(),
      federation: notSupported,
      log_source_location: notSupported,
      max_attested_node_info_staleness: notSupported,
      profiling_enabled: notSupported,
      profiling_freq: notSupported,
      profiling_names: notSupported,
      profiling_port: notSupported,
      proxy_protocol_trusted_cidrs: notSupported,
      prune_attested_nodes_batch_size: notSupported,
      prune_attested_nodes_expired_for: notSupported,
      prune_tofu_nodes: notSupported,
    })
    .optional(),
  plugins: pluginsSchema.optional(),
  health_checks: notSupported,
  telemetry: notSupported,
})

type Raw = z.infer<typeof serverConfig>
type RawServer = NonNullable<Raw['server']>

/** Throws a Failure `invalid-configuration` that says what is wrong, where, in words for a person. */
export async function loadServerConfig(
  file: string | undefined,
  overrides: ConfigOverrides,
): Promise<ServerConfig> {
  const absolute = path.resolve(file ?? defaultConfigFile)
  const parsed = parseConfig(expanded(await readConfig(absolute), overrides), serverConfig)
  if ('problems' in parsed) throw wrong(describeInvalid(absolute, parsed.problems))
  return configOf(parsed.config, overrides)
}

async function readConfig(file: string): Promise<string> {
  try {
    return await readConfigText(file)
  } catch (cause) {
    throw wrong(
      hasCode(cause, 'ENOENT')
        ? `could not find config file ${file}: please use the -config flag`
        : `unable to read configuration at ${JSON.stringify(file)}: ${reasonOf(cause)}`,
      cause,
    )
  }
}

function expanded(content: string, { expandEnv }: ConfigOverrides): string {
  if (expandEnv === undefined) return content
  return content.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (_all, braced: string | undefined, bare: string | undefined) =>
      expandEnv[braced ?? bare ?? ''] ?? '',
  )
}

function configOf({ server = {}, plugins }: Raw, overrides: ConfigOverrides): ServerConfig {
  const trustDomain = trustDomainOf(overrides.trustDomain ?? server.trust_domain ?? '')
  const dataDir = overrides.dataDir ?? server.data_dir ?? ''
  if (dataDir === '') throw wrong('data_dir must be configured')
  if (plugins === undefined) throw wrong('plugins section must be configured')
  const log = parseLogOptions({
    level: overrides.logLevel ?? server.log_level ?? 'INFO',
    format: overrides.logFormat ?? server.log_format ?? 'text',
    file: overrides.logFile ?? server.log_file ?? '',
  })
  const x509SvidTtlSeconds = seconds(server.default_x509_svid_ttl ?? '1h', 'default X509 SVID ttl')
  seconds(server.default_jwt_svid_ttl ?? '5m', 'default JWT SVID ttl')
  const agentTtlSeconds =
    server.agent_ttl === undefined ? x509SvidTtlSeconds : seconds(server.agent_ttl, 'agent ttl')
  const settings: ServerSettings = {
    trustDomain,
    dataDir: path.resolve(dataDir),
    listen: {
      host: overrides.bindAddress ?? server.bind_address ?? '0.0.0.0',
      port: overrides.serverPort ?? server.bind_port ?? 8081,
    },
    socketPath: path.resolve(
      overrides.socketPath ?? server.socket_path ?? '/tmp/spire-server/private/api.sock',
    ),
    adminIds: new Set((server.admin_ids ?? []).map(adminIdOf)),
    ca: caSettings(server, trustDomain),
    x509SvidTtlSeconds,
    agentTtlSeconds,
    rateLimits: {
      attestation: server.ratelimit?.attestation ?? true,
      signing: server.ratelimit?.signing ?? true,
    },
    plugins: choosePlugins(plugins, { trustDomain, dataDir: path.resolve(dataDir) }),
  }
  return { settings, log }
}

function caSettings(server: RawServer, trustDomain: TrustDomain): CaSettings {
  const x509KeyType = keyTypeOf(server.ca_key_type ?? 'ec-p256', 'ca_key_type')
  const subject = server.ca_subject
  return {
    trustDomain,
    caTtlSeconds: seconds(server.ca_ttl ?? '24h', 'default CA ttl'),
    x509KeyType,
    jwtKeyType: keyTypeOf(server.jwt_key_type ?? x509KeyType, 'jwt_key_type'),
    jwtSvidsDisabled: server.disable_jwt_svids ?? false,
    subject:
      subject === undefined
        ? defaultCaSubject
        : {
            country: subject.country ?? [],
            organization: subject.organization ?? [],
            commonName: subject.common_name ?? '',
          },
  }
}

function trustDomainOf(name: string): TrustDomain {
  if (name === '') throw wrong('trust_domain must be configured')
  try {
    return parseTrustDomainOrId(name)
  } catch (cause) {
    throw wrong(`could not parse trust_domain ${JSON.stringify(name)}: ${reasonOf(cause)}`, cause)
  }
}

function adminIdOf(id: string): SpiffeId {
  try {
    return parseSpiffeId(id)
  } catch (cause) {
    throw wrong(`could not parse admin ID ${JSON.stringify(id)}: ${reasonOf(cause)}`, cause)
  }
}

function seconds(duration: string, what: string): number {
  const ms = parseDurationMs(duration)
  const quoted = JSON.stringify(duration)
  if (ms === undefined)
    throw wrong(`could not parse ${what} ${quoted}: time: invalid duration ${quoted}`)
  if (ms < 1000) throw wrong(`${what} must be a second or more, got ${quoted}`)
  return Math.floor(ms / 1000)
}

function keyTypeOf(name: string, key: string): KeyType {
  if (isKeyType(name)) return name
  throw wrong(
    `error parsing ${key}: key type ${JSON.stringify(name)} is unknown; must be one of [rsa-2048, rsa-4096, ec-p256, ec-p384]`,
  )
}

function isKeyType(name: string): name is KeyType {
  return Object.hasOwn(keyTypes, name)
}

function wrong(message: string, cause?: unknown): Failure {
  return new Failure('invalid-configuration', message, cause === undefined ? {} : { cause })
}
