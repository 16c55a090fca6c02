/** The plugins that a configuration may choose: the only file of the server that names them. */

import path from 'node:path'
import { z } from 'zod'
import { joinTokenAttestor } from '../attestors/node/join-token/server.ts'
import type { ServerNodeAttestor } from '../attestors/node/server-node-attestor.ts'
import type { Clock } from '../runtime/clock.ts'
import { notSupported } from '../runtime/config.ts'
import { Failure } from '../runtime/failure.ts'
import type { TrustDomain } from '../spiffe/trust-domain.ts'
import type { Datastore } from './datastore/datastore.ts'
import { openLevelDatastore } from './datastore/level.ts'
import { openDiskKeyManager } from './key-managers/disk.ts'
import type { KeyManager } from './key-managers/key-manager.ts'
import { memoryKeyManager } from './key-managers/memory.ts'

/** What a configuration chose, not opened yet. */
export interface ChosenPlugins {
  readonly openDatastore: (clock: Clock) => Promise<Datastore>
  readonly openKeyManager: () => Promise<KeyManager>
  /** By type. */
  readonly nodeAttestors: ReadonlyMap<string, ServerNodeAttestor>
}

export interface PluginSurroundings {
  readonly trustDomain: TrustDomain
  /** Absolute; where plugins keep what they are not told a place for. */
  readonly dataDir: string
}

const file = z.string().min(1).optional()

/** Values of the `plugins` section: types, names, and the `plugin_data` of each. */
export const pluginsSchema = z.strictObject({
  DataStore: section('DataStore', { level: plugin({ path: file }) }),
  KeyManager: section('KeyManager', { disk: plugin({ keys_path: file }), memory: plugin({}) }),
  NodeAttestor: section('NodeAttestor', { join_token: plugin({}) }),
  BundlePublisher: notSupported,
  CredentialComposer: notSupported,
  Notifier: notSupported,
  UpstreamAuthority: notSupported,
})

type Plugins = z.infer<typeof pluginsSchema>

/** Throws a Failure `invalid-configuration` when there are too few or too many of a type. */
export function choosePlugins(
  { DataStore: store = {}, KeyManager: keys = {}, NodeAttestor: attestors = {} }: Plugins,
  { trustDomain, dataDir }: PluginSurroundings,
): ChosenPlugins {
  const problems = [
    ...countProblem('KeyManager', keys),
    ...(store.level === undefined
      ? ['\tDataStore "level":\n\t\t\'datastore\' must be configured']
      : []),
  ]
  if (problems.length > 0)
    throw new Failure('invalid-configuration', ['Validation errors:', ...problems].join('\n'))
  const storeFolder = store.level?.plugin_data?.path ?? path.join(dataDir, 'datastore')
  const keysFolder = keys.disk?.plugin_data?.keys_path ?? path.join(dataDir, 'keys')
  return {
    openDatastore: (clock) => openLevelDatastore({ path: storeFolder }, clock),
    openKeyManager: async () =>
      keys.disk === undefined ? memoryKeyManager() : await openDiskKeyManager(keysFolder),
    nodeAttestors: new Map(
      attestors.join_token === undefined ? [] : [['join_token', joinTokenAttestor(trustDomain)]],
    ),
  }
}

function countProblem(type: string, chosen: object): string[] {
  const count = Object.values(chosen).filter((plugin) => plugin !== undefined).length
  if (count === 1) return []
  return [`\t${type}:\n\t\tconstraint not satisfied: expected exactly 1 but got ${count}`]
}

/** One type of plugin: a name that is not known is refused with those that are. */
function section<Shape extends z.ZodRawShape>(type: string, plugins: Shape) {
  const names = Object.keys(plugins)
  return z
    .record(z.string(), z.unknown())
    .superRefine((chosen, context) => {
      for (const name of Object.keys(chosen)) {
        if (names.includes(name)) continue
        const message = `there is no ${type} plugin of this name; known are: ${names.join(', ')}`
        context.addIssue({ code: 'custom', path: [name], message })
      }
    })
    .pipe(z.strictObject(plugins))
    .optional()
}

function plugin<Shape extends z.ZodRawShape>(data: Shape) {
  return z.strictObject({ plugin_data: z.strictObject(data).nullish() }).nullish()
}
