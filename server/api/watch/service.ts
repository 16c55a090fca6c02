/** `countersign.server.watch.v1.Watch`: agents are told of changes as they happen. */

import type { RegistrationEntry } from '../../../registration/entry.ts'
import { bidiStream } from '../../../runtime/grpc/handlers.ts'
import type { AttestedNode } from '../../datastore/collections/agents.ts'
import type { StoredBundle } from '../../datastore/collections/bundles.ts'
import type { Mirror } from '../../datastore/collections/mirror.ts'
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
  const mirrors = [entries, agents, bundles, policies]
  const streamDeps: StreamDeps = {
    ...deps,
    held: new HeldStates(),
    revision: () => Math.max(...mirrors.map(({ revision }) => revision)),
  }
  // Registered after the index of authorized entries, which therefore has every change already.
  entries.events.on('change', (_revision, changes) => {
    streams.mark((stream) => changes.some((change) => stream.concerns(change)))
  })
  agents.events.on('change', (_revision, changes) => {
    const changed = new Set(changes.map(({ before, after }) => (after ?? before)?.id))
    streams.mark(({ agentId }) => changed.has(agentId))
  })
  bundles.events.on('change', () => {
    streams.mark(() => true)
  })
  policies.events.on('change', (_revision, changes) => {
    streams.mark((stream) =>
      changes.some(({ before, after }) => {
        const app = (after ?? before)?.app
        return app !== undefined && stream.hosts(app)
      }),
    )
  })
  return service('countersign.server.watch.v1.Watch', (gateOf) => ({
    Watch: bidiStream(gateOf('Watch'), (messages, context, send) =>
      new WatchStream(streamDeps, context, send).serve(messages),
    ),
  }))
}
