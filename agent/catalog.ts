/** The plugins that the agent has, by the names of the configuration; nothing else names them. */

import path from 'node:path'
import type { z } from 'zod'
import { JoinTokenAttestor } from '../attestors/node/join-token/agent.ts'
import type { AgentNodeAttestor } from '../attestors/node/node-attestor.ts'
import { UnixAttestor } from '../attestors/workload/unix.ts'
import type { WorkloadAttestor } from '../attestors/workload/workload-attestor.ts'
import { Failure } from '../runtime/failure.ts'
import type { AgentConfig, PluginSettings } from './config.ts'
import { DiskKeyManager } from './key-managers/disk.ts'
import type { KeyManager } from './key-managers/key-manager.ts'
import { MemoryKeyManager } from './key-managers/memory.ts'
import { pluginData } from './plugin-data.ts'

export interface Catalog {
  readonly nodeAttestor: AgentNodeAttestor
  readonly keyManager: KeyManager
  readonly workloadAttestors: readonly WorkloadAttestor[]
}

type Make<Plugin> = (settings: unknown, config: AgentConfig) => Promise<Plugin> | Plugin

const nodeAttestors: Readonly<Record<string, Make<AgentNodeAttestor>>> = {
  join_token: (settings, { joinToken, joinTokenFile }) => {
    read('NodeAttestor', 'join_token', pluginData.NodeAttestor.join_token, settings)
    return new JoinTokenAttestor({ token: joinToken, tokenFile: joinTokenFile })
  },
}

const keyManagers: Readonly<Record<string, Make<KeyManager>>> = {
  disk: (settings, { dataDir }) => {
    const { directory } = read('KeyManager', 'disk', pluginData.KeyManager.disk, settings)
    return DiskKeyManager.open(directory ?? path.join(dataDir, 'keys'))
  },
  memory: (settings) => {
    read('KeyManager', 'memory', pluginData.KeyManager.memory, settings)
    return new MemoryKeyManager()
  },
}

const workloadAttestors: Readonly<Record<string, Make<WorkloadAttestor>>> = {
  unix: (settings) => {
    const data = read('WorkloadAttestor', 'unix', pluginData.WorkloadAttestor.unix, settings)
    return new UnixAttestor({
      discoverWorkloadPath: data.discover_workload_path,
      workloadSizeLimitBytes: data.workload_size_limit,
    })
  },
}

/** Makes the plugins that the configuration names. @throws {Failure} `invalid-configuration` */
export async function loadCatalog(config: AgentConfig): Promise<Catalog> {
  const { nodeAttestor, keyManager, workloadAttestor } = config.plugins
  return {
    nodeAttestor: await only('NodeAttestor', nodeAttestors, nodeAttestor, config),
    keyManager: await only('KeyManager', keyManagers, keyManager, config),
    workloadAttestors: await several(workloadAttestor, config),
  }
}

async function only<Plugin>(
  kind: string,
  known: Readonly<Record<string, Make<Plugin>>>,
  configured: PluginSettings,
  config: AgentConfig,
): Promise<Plugin> {
  const [first, ...others] = Object.entries(configured)
  if (first === undefined || others.length > 0)
    throw unusable(`expected exactly one ${kind} plugin, found ${others.length + (first ? 1 : 0)}`)
  const [name, settings] = first
  return await made(kind, known, name)(settings, config)
}

async function several(
  configured: PluginSettings,
  config: AgentConfig,
): Promise<WorkloadAttestor[]> {
  const named = Object.entries(configured)
  if (named.length === 0) throw unusable('expected at least one WorkloadAttestor plugin')
  return await Promise.all(
    named.map(
      async ([name, settings]) =>
        await made('WorkloadAttestor', workloadAttestors, name)(settings, config),
    ),
  )
}

function made<Plugin>(
  kind: string,
  known: Readonly<Record<string, Make<Plugin>>>,
  name: string,
): Make<Plugin> {
  const make = Object.hasOwn(known, name) ? known[name] : undefined
  if (make !== undefined) return make
  const names = Object.keys(known).join(', ')
  throw unusable(`no ${kind} plugin named ${JSON.stringify(name)}; there is: ${names}`)
}

function read<T>(kind: string, name: string, schema: z.ZodType<T>, settings: unknown): T {
  const result = schema.safeParse(settings)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) =>
    [...path.map(String), message].join(': '),
  )
  throw unusable(`plugins.${kind}.${name}.plugin_data: ${problems.join('; ')}`)
}

function unusable(message: string): Failure {
  return new Failure('invalid-configuration', message)
}
