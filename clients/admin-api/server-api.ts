/** The server's private socket, for whoever administers it on its machine. */

import type { BundleHistoryDefinition } from '../../proto/gen/countersign/server/bundle/v1/BundleHistory.ts'
import type { PolicyDefinition } from '../../proto/gen/countersign/server/policy/v1/Policy.ts'
import type { HealthDefinition } from '../../proto/gen/grpc/health/v1/Health.ts'
import type { AgentDefinition } from '../../proto/gen/spire/api/server/agent/v1/Agent.ts'
import type { BundleDefinition } from '../../proto/gen/spire/api/server/bundle/v1/Bundle.ts'
import type { EntryDefinition } from '../../proto/gen/spire/api/server/entry/v1/Entry.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { GrpcClient, unixTarget } from '../../runtime/grpc/client.ts'
import { requireSocket } from './socket.ts'

export interface ServerApi {
  readonly agents: GrpcClient<AgentDefinition>
  readonly bundles: GrpcClient<BundleDefinition>
  readonly bundleHistory: GrpcClient<BundleHistoryDefinition>
  readonly entries: GrpcClient<EntryDefinition>
  readonly health: GrpcClient<HealthDefinition>
  readonly policies: GrpcClient<PolicyDefinition>
}

const services = {
  agents: 'spire.api.server.agent.v1.Agent',
  bundles: 'spire.api.server.bundle.v1.Bundle',
  bundleHistory: 'countersign.server.bundle.v1.BundleHistory',
  entries: 'spire.api.server.entry.v1.Entry',
  health: 'grpc.health.v1.Health',
  policies: 'countersign.server.policy.v1.Policy',
} as const

/** Runs `use` with the server's services; nothing stays open. @throws {Failure} */
export async function withServer<T>(
  socketPath: string,
  use: (api: ServerApi) => Promise<T>,
): Promise<T> {
  // The doubled slash is how SPIRE's own message shows an absolute path.
  await requireSocket(socketPath, `//${socketPath}`)
  const opened: { close(): void }[] = []
  const open = <T extends { close(): void }>(client: T): T => {
    opened.push(client)
    return client
  }
  const target = unixTarget(socketPath)
  const api: ServerApi = {
    get agents() {
      return open(new GrpcClient(serviceDefinition<AgentDefinition>(services.agents), target))
    },
    get bundles() {
      return open(new GrpcClient(serviceDefinition<BundleDefinition>(services.bundles), target))
    },
    get bundleHistory() {
      return open(
        new GrpcClient(serviceDefinition<BundleHistoryDefinition>(services.bundleHistory), target),
      )
    },
    get entries() {
      return open(new GrpcClient(serviceDefinition<EntryDefinition>(services.entries), target))
    },
    get health() {
      return open(new GrpcClient(serviceDefinition<HealthDefinition>(services.health), target))
    },
    get policies() {
      return open(new GrpcClient(serviceDefinition<PolicyDefinition>(services.policies), target))
    },
  }
  try {
    return await use(api)
  } finally {
    for (const client of opened) client.close()
  }
}
