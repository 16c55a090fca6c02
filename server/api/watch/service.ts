/** `countersign.server.watch.v1.Watch`: agents are told of changes as they happen. */

import type { RegistrationEntry } from '../../../registration/entry.ts'
import { serverId } from '../../../registration/id-namespaces.ts'
import { bidiStream } from '../../../runtime/grpc/handlers.ts'
import type { AttestedNode } from '../../datastore/collections/agents.ts'
import type { StoredBundle } from '../../datastore/collections/bundles.ts'
import type { Mirror, MirrorChange } from '../../datastore/collections/mirror.ts'
import type { AppPolicies } from '../../datastore/collections/policies.ts'
import { type Service, service } from '../service.ts'
import { HeldStates } from './held-states.ts'
import { type StreamDeps, WatchStream } from './stream.ts'

export interface WatchServiceDeps
  extends Omit<StreamDeps, 'agents' | 'bundles' | 'policies' | 'held' | 'revision'> {
  readonly entries: Mirror<RegistrationEntry>
  readonly agents: Mirror<AttestedNode>
  readonly bundles: Mirror<StoredBundle>
  readonly policies: Mirror<AppPolicies>
}

export function watchService(deps: WatchServiceDeps): Service {
  const { entries, agents, bundles, policies, streams } = deps
  const aliasParent = serverId(deps.trustDomain)
  const mirrors = [entries, agents, bundles, policies]
  const streamDeps: StreamDeps = {
    ...deps,
    held: new HeldStates(),
    revision: () => Math.max(...mirrors.map(({ revision }) => revision)),
  }
  // Registered after the index of authorized entries, which therefore has every change already.
  entries.events.on('change', (_revision, changes) => {
    for (const entry of sidesOf(changes)) {
      if (entry.parentId === aliasParent) streams.markThose((stream) => stream.isAliased(entry))
      streams.markFollowers(entry.parentId)
    }
  })
  agents.events.on('change', (_revision, changes) => {
    for (const { id } of sidesOf(changes)) streams.markAgent(id)
  })
  bundles.events.on('change', () => {
    streams.markThose(() => true)
  })
  policies.events.on('change', (_revision, changes) => {
    for (const { app } of sidesOf(changes)) streams.markFollowers(app)
  })
  return service('countersign.server.watch.v1.Watch', (gateOf) => ({
    Watch: bidiStream(gateOf('Watch'), (messages, context, send) =>
      new WatchStream(streamDeps, context, send).serve(messages),
    ),
  }))
}

/** What was there before a change and what is there now, as far as there was something. */
function sidesOf<T>(changes: readonly MirrorChange<T>[]): T[] {
  return changes.flatMap(({ before, after }) => [before, after].filter((one) => one !== undefined))
}
