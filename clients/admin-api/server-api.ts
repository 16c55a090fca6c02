/** The server's private socket, for whoever administers it on its machine. */

import type { BundleHistoryDefinition } from '../../proto/gen/countersign/server/bundle/v1/BundleHistory.ts'
import type { PolicyDefinition } from '../../proto/gen/countersign/server/policy/v1/Policy.ts'
import type { HealthDefinition } from '../../proto/gen/grpc/health/v1/Health.ts'
import type { AgentDefinition } from '../../proto/gen/spire/api/server/agent/v1/Agent.ts'
import type { BundleDefinition } from '../../proto/gen/spire/api/server/bundle/v1/Bundle.ts'
import type { EntryDefinition } from '../../proto/gen/spire/api/server/entry/v1/Entry.ts'
import type { GrpcClient } from '../../runtime/grpc/client.ts'
import { withServices } from './services.ts'

export interface ServerApi {
  readonly agents: GrpcClient<AgentDefinition>
  readonly bundles: GrpcClient<BundleDefinition>
  readonly bundleHistory: GrpcClient<BundleHistoryDefinition>
  readonly entries: GrpcClient<EntryDefinition>
  readonly health: GrpcClient<HealthDefinition>
  readonly policies: GrpcClient<PolicyDefinition>
}

/** Runs `use` with the server's services; nothing stays open. @throws {Failure} */
export async function withServer<T>(
  socketPath: string,
  use: (api: ServerApi) => Promise<T>,
): Promise<T> {
  return await withServices('server', socketPath, (open) =>
    use({
      get agents() {
        return open<AgentDefinition>('spire.api.server.agent.v1.Agent')
      },
      get bundles() {
        return open<BundleDefinition>('spire.api.server.bundle.v1.Bundle')
      },
      get bundleHistory() {
        return open<BundleHistoryDefinition>('countersign.server.bundle.v1.BundleHistory')
      },
      get entries() {
        return open<EntryDefinition>('spire.api.server.entry.v1.Entry')
      },
      get health() {
        return open<HealthDefinition>('grpc.health.v1.Health')
      },
      get policies() {
        return open<PolicyDefinition>('countersign.server.policy.v1.Policy')
      },
    }),
  )
}
