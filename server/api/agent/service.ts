/** `spire.api.server.agent.v1.Agent`: attestation of nodes, and what operators do with agents. */

import { agentToWire } from '../../../proto/convert/agent.ts'
import { agentIdOf } from '../../../proto/convert/spiffe-id.ts'
import type { SPIFFEID__Output } from '../../../proto/gen/spire/api/types/SPIFFEID.ts'
import type { AuthorizedEntries } from '../../../registration/authorized-entries.ts'
import { Failure } from '../../../runtime/failure.ts'
import { bidiStream, unary } from '../../../runtime/grpc/handlers.ts'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'
import { banAgent, deleteAgent } from '../../attestation/agent-records.ts'
import type { AttestedNode } from '../../datastore/collections/agents.ts'
import { commitSeen } from '../commit.ts'
import { readPart } from '../item-status.ts'
import { pageOf } from '../page.ts'
import { type Service, service } from '../service.ts'
import { SortedView } from '../sorted-view.ts'
import { type AttestAgentDeps, attestAgent } from './attest-agent.ts'
import { type CreateJoinTokenDeps, createJoinToken } from './create-join-token.ts'
import { agentFilterOf } from './filter.ts'
import { type RenewAgentDeps, renewAgent } from './renew-agent.ts'

export interface AgentServiceDeps extends AttestAgentDeps, RenewAgentDeps, CreateJoinTokenDeps {
  readonly authorized: AuthorizedEntries
}

export function agentService(deps: AgentServiceDeps): Service {
  const view = new SortedView(deps.agents, inOrderOfAttestation)
  const idOf = (wire: SPIFFEID__Output | null): SpiffeId =>
    readPart('invalid agent ID', () => agentIdOf(wire, deps.trustDomain))
  return service('spire.api.server.agent.v1.Agent', (gateOf) => ({
    AttestAgent: bidiStream(gateOf('AttestAgent'), (messages, context, send) =>
      attestAgent(deps, messages, context, send),
    ),
    RenewAgent: unary(gateOf('RenewAgent'), (request, context) =>
      renewAgent(deps, request, context),
    ),
    CreateJoinToken: unary(gateOf('CreateJoinToken'), (request, { caller }) =>
      createJoinToken(deps, request, caller.actor),
    ),
    ListAgents: unary(gateOf('ListAgents'), ({ filter, outputMask, pageSize, pageToken }) => {
      const what = 'failed to list agents'
      const wanted = agentFilterOf(filter, what)
      const page = pageOf(view.items, view.keyOf, wanted, { pageSize, pageToken }, what)
      return {
        agents: page.items.map((agent) => agentToWire(agent, outputMask)),
        nextPageToken: page.nextPageToken,
      }
    }),
    GetAgent: unary(gateOf('GetAgent'), ({ id, outputMask }) => {
      const agent = deps.agents.get(idOf(id))
      if (agent === undefined) throw new Failure('not-found', 'agent not found')
      return agentToWire(agent, outputMask)
    }),
    BanAgent: unary(gateOf('BanAgent'), async ({ id: wire }, { caller }) => {
      const id = idOf(wire)
      await commitSeen(
        deps,
        caller.actor,
        (tx) => banAgent(tx, id),
        () => [deps.agents],
      )
      deps.log.info({ agentId: id }, 'Agent banned')
      return {}
    }),
    DeleteAgent: unary(gateOf('DeleteAgent'), async ({ id: wire }, { caller }) => {
      const id = idOf(wire)
      await commitSeen(
        deps,
        caller.actor,
        (tx) => deleteAgent(tx, id, deps.authorized),
        ({ removedAlias }) => (removedAlias ? [deps.agents, deps.entries] : [deps.agents]),
      )
      deps.log.info({ agentId: id }, 'Agent deleted')
      return {}
    }),
  }))
}

function inOrderOfAttestation({ attestedAt, id }: AttestedNode): string {
  return `${String(attestedAt.getTime()).padStart(16, '0')} ${id}`
}
