/**
 * `countersign agent run` and `countersign agent validate`: command line, configuration, exit code.
 * What an agent consists of is in `agent.ts`.
 */

import { type Daemon, type DaemonIo, runDaemon } from '../runtime/daemon.ts'
import { Failure } from '../runtime/failure.ts'
import type { FlagSpec, FlagSpecs, FlagValues } from '../runtime/flags.ts'
import { runAgentUntil } from './agent.ts'
import { type AgentConfig, type ConfigOverrides, loadAgentConfig } from './config.ts'

const notYet = 'Not supported: the agent refuses to start'

const flags = {
  allowUnauthenticatedVerifiers: { kind: 'bool', help: notYet },
  config: {
    kind: 'string',
    help: 'Path of the configuration file',
    default: 'conf/agent/agent.conf',
  },
  dataDir: { kind: 'string', help: 'Directory for what the agent keeps' },
  disableSDSAPI: { kind: 'bool', help: notYet },
  disableWorkloadAPI: { kind: 'bool', help: notYet },
  expandEnv: { kind: 'bool', help: 'Fill environment variables into the configuration file' },
  insecureBootstrap: { kind: 'bool', help: notYet },
  joinToken: { kind: 'string', help: 'Join token that the server made' },
  joinTokenFile: { kind: 'string', help: 'Path of a file with the join token' },
  logFile: { kind: 'string', help: 'File to write the log to' },
  logFormat: { kind: 'string', help: "'text' or 'json'" },
  logLevel: { kind: 'string', help: "'debug', 'info', 'warn' or 'error'" },
  logSourceLocation: { kind: 'bool', help: notYet },
  rebootstrapDelay: { kind: 'string', help: notYet },
  rebootstrapMode: { kind: 'string', help: notYet },
  serverAddress: { kind: 'string', help: 'IP address or DNS name of the server' },
  serverPort: { kind: 'int', help: 'Port number of the server' },
  socketPath: { kind: 'string', help: 'Path of the Workload API socket' },
  trustBundle: { kind: 'string', help: "Path of the server's trust bundle" },
  trustBundleFormat: { kind: 'string', help: 'Format of the trust bundle, "pem" or "spiffe"' },
  trustBundleUrl: { kind: 'string', help: notYet },
  trustDomain: { kind: 'string', help: 'Trust domain that the agent belongs to' },
} as const satisfies FlagSpecs

/** The key of the configuration that each flag stands for. */
const keyOfFlag = {
  dataDir: 'data_dir',
  insecureBootstrap: 'insecure_bootstrap',
  joinToken: 'join_token',
  joinTokenFile: 'join_token_file',
  logFile: 'log_file',
  logFormat: 'log_format',
  logLevel: 'log_level',
  serverAddress: 'server_address',
  serverPort: 'server_port',
  socketPath: 'socket_path',
  trustBundle: 'trust_bundle_path',
  trustBundleFormat: 'trust_bundle_format',
  trustDomain: 'trust_domain',
} as const

/** Runs one command to its end and returns its exit code. The signal ends `run`. */
export async function runAgent(
  argv: readonly string[],
  io: DaemonIo,
  signal: AbortSignal,
): Promise<number> {
  return await runDaemon(daemon, argv, io, signal)
}

const daemon: Daemon<typeof flags, AgentConfig> = {
  name: 'agent',
  flags,
  load: async ({ values, given }, io) => {
    const unsupported = [...given].find(isUnsupported)
    if (unsupported !== undefined)
      throw new Failure('invalid-configuration', `flag -${unsupported} is not supported yet`)
    return await loadAgentConfig(values.config, overridesOf(values, given, io))
  },
  serve: async (config, deps, signal) => {
    await runAgentUntil(config, { ...deps, random: Math.random }, signal)
  },
  valid: 'SPIRE agent configuration file is valid.',
  invalid: (problem) => `SPIRE agent configuration file is invalid: ${problem}\n`,
}

/** `insecureBootstrap` is one of the configuration, which says more when the agent starts. */
function isUnsupported(flag: string): boolean {
  const specs = new Map<string, FlagSpec>(Object.entries(flags))
  return specs.get(flag)?.help === notYet && !Object.hasOwn(keyOfFlag, flag)
}

function overridesOf(
  values: FlagValues<typeof flags>,
  given: ReadonlySet<string>,
  { env }: DaemonIo,
): ConfigOverrides {
  const isGiven = ([flag]: readonly [string, string]): boolean => given.has(flag)
  const value = (flag: string): unknown => new Map(Object.entries(values)).get(flag)
  const keys = Object.entries(keyOfFlag)
    .filter(isGiven)
    .map(([flag, key]) => [key, value(flag)] as const)
  return { keys: Object.fromEntries(keys), ...(values.expandEnv && { expandEnv: env }) }
}
