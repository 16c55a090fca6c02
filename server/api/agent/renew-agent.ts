/** `RenewAgent`: a further SVID, which becomes the agent's own when it is first used. */

import { x509SvidToWire } from '../../../proto/convert/svid.ts'
import type { RenewAgentRequest__Output } from '../../../proto/gen/spire/api/server/agent/v1/RenewAgentRequest.ts'
import type { RenewAgentResponse } from '../../../proto/gen/spire/api/server/agent/v1/RenewAgentResponse.ts'
import { Failure } from '../../../runtime/failure.ts'
import type { CallContext } from '../../../runtime/grpc/handlers.ts'
import type { Logger } from '../../../runtime/log.ts'
import { readCsr } from '../../../spiffe/der/csr.ts'
import { setPending } from '../../attestation/agent-records.ts'
import type { SvidIssuer } from '../../ca/svid-issuer.ts'
import type { AttestedNode } from '../../datastore/collections/agents.ts'
import type { Mirror } from '../../datastore/collections/mirror.ts'
import type { AgentCaller } from '../caller.ts'
import { type CommitDeps, commitSeen } from '../commit.ts'
import { denied } from '../denied.ts'
import { readPart } from '../item-status.ts'
import type { RateLimit } from '../rate-limit.ts'

export interface RenewAgentDeps extends CommitDeps {
  readonly agents: Mirror<AttestedNode>
  readonly issuer: SvidIssuer
  readonly agentTtlSeconds: number
  readonly signingLimit: RateLimit
  readonly log: Logger
}

export async function renewAgent(
  deps: RenewAgentDeps,
  { params }: RenewAgentRequest__Output,
  { caller, signal }: CallContext<AgentCaller>,
): Promise<RenewAgentResponse> {
  const { node, actor, address } = caller
  await deps.signingLimit.take(address, 1, signal)
  if (node.canReattest) throw denied('agent must reattest instead of renew', 'AGENT_MUST_REATTEST')
  if (params === null) throw new Failure('invalid-argument', 'params cannot be nil')
  if (params.csr.length === 0) throw new Failure('invalid-argument', 'missing CSR')
  const csr = readPart('failed to parse CSR', () => readCsr(params.csr))
  const svid = await deps.issuer.signX509Svid({
    id: node.id,
    publicKeySpki: csr.publicKeySpki,
    ttlSeconds: deps.agentTtlSeconds,
    agentId: node.id,
  })
  await commitSeen(
    deps,
    actor,
    (transaction) => setPending(transaction, node.id, svid),
    () => [deps.agents],
  )
  deps.log.info({ agentId: node.id }, 'Renewing agent SVID')
  return { svid: x509SvidToWire(svid) }
}
