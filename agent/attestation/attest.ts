/** Node attestation: the exchange by which a node gets its identity (`Agent/AttestAgent`). */

import type { KeyObject } from 'node:crypto'
import type { AgentNodeAttestor } from '../../attestors/node/node-attestor.ts'
import type { AttestAgentRequest } from '../../proto/gen/spire/api/server/agent/v1/AttestAgentRequest.ts'
import { Failure } from '../../runtime/failure.ts'
import { writeCsr } from '../../spiffe/der/csr.ts'
import type { ServerLink } from '../server-link/server-link.ts'
import { type AgentSvid, agentSvid, chainOf } from './agent-svid.ts'

const limits = { challenges: 16, attestationMs: 60_000 } as const

/**
 * Attests this node with a key; the answer says which agent it is.
 *
 * @throws {Failure} the server's refusal, or `unavailable`.
 */
export async function attest(
  link: ServerLink,
  attestor: AgentNodeAttestor,
  key: KeyObject,
  signal: AbortSignal,
): Promise<AgentSvid> {
  const payload = Buffer.from(await attestor.payload())
  const opening: AttestAgentRequest = {
    step: 'params',
    params: {
      data: { type: attestor.type, payload },
      params: { csr: Buffer.from(writeCsr({ key })) },
    },
  }
  const { trustDomain } = link.trust.bundle
  const until = AbortSignal.any([signal, AbortSignal.timeout(limits.attestationMs)])
  return await link.use(async ({ agent }) => {
    const call = agent.bidi('AttestAgent', { signal: until })
    call.send(opening)
    let challenges = 0
    for await (const { step, result, challenge } of call.messages) {
      if (step === 'result' && result) {
        call.end()
        const chain = chainOf(result.svid)
        return agentSvid({ chain, key, isReattestable: result.reattestable }, trustDomain)
      }
      if (challenge === undefined || ++challenges > limits.challenges)
        throw new Failure('protocol-error', 'expected a challenge or a result from the server')
      const response = Buffer.from(await attestor.respond(challenge))
      call.send({ step: 'challengeResponse', challengeResponse: response })
    }
    throw new Failure('protocol-error', 'the server ended the attestation without a result')
  })
}

/**
 * A new SVID for an attested agent. The server takes the old one until the new one is first used.
 *
 * @throws {Failure} the server's refusal, or `unavailable`.
 */
export async function renew(
  link: ServerLink,
  key: KeyObject,
  { isReattestable }: AgentSvid,
  signal: AbortSignal,
): Promise<AgentSvid> {
  const csr = Buffer.from(writeCsr({ key }))
  const { trustDomain } = link.trust.bundle
  const { svid } = await link.use(({ agent }) =>
    agent.unary('RenewAgent', { params: { csr } }, { signal }),
  )
  return agentSvid({ chain: chainOf(svid), key, isReattestable }, trustDomain)
}
