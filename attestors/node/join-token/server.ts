/** Join tokens, server half: the agent is named after the token, which the server then uses up. */

import { agentId } from '../../../registration/id-namespaces.ts'
import { Failure, reasonOf } from '../../../runtime/failure.ts'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../../../spiffe/trust-domain.ts'
import type { ServerNodeAttestor } from '../server-node-attestor.ts'
import { joinTokenOf, joinTokenType } from './payload.ts'

export function joinTokenAttestor(trustDomain: TrustDomain): ServerNodeAttestor {
  return {
    type: joinTokenType,
    attest: (payload) => {
      const joinToken = joinTokenOf(payload)
      return {
        agentId: joinTokenAgentId(trustDomain, joinToken),
        selectors: [],
        canReattest: false,
        joinToken,
      }
    },
  }
}

/** The ID of the agent that this token admits. Throws a Failure when the token has no place in one. */
export function joinTokenAgentId(trustDomain: TrustDomain, token: string): SpiffeId {
  try {
    // A slash would make two segments of one name, so it is put as what no segment holds.
    return agentId(trustDomain, joinTokenType, token.replaceAll('/', ' '))
  } catch (cause) {
    throw new Failure('internal', `failed to create join token ID: ${reasonOf(cause)}`, { cause })
  }
}
