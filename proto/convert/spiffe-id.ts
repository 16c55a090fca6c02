/** SPIFFE IDs on the wire: a trust domain and a path. */

import { requireAgent, requireMember, requireWorkload } from '../../registration/id-namespaces.ts'
import { invalid } from '../../registration/registration-error.ts'
import { SpiffeError } from '../../spiffe/spiffe-error.ts'
import {
  makeSpiffeId,
  parseTrustDomainOrId,
  pathOf,
  type SpiffeId,
  trustDomainOf,
} from '../../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import type { SPIFFEID__Output } from '../gen/spire/api/types/SPIFFEID.ts'

type Wire = SPIFFEID__Output | null

export function spiffeIdToWire(id: SpiffeId): SPIFFEID__Output {
  return { trustDomain: trustDomainOf(id), path: pathOf(id) }
}

/** Throws a RegistrationError when there is no ID, or none that SPIFFE allows. */
function spiffeIdOf(wire: Wire): SpiffeId {
  if (wire === null) throw invalid('request must specify SPIFFE ID')
  try {
    return makeSpiffeId(parseTrustDomainOrId(wire.trustDomain), wire.path)
  } catch (error) {
    if (!(error instanceof SpiffeError)) throw error
    throw invalid(error.message, error)
  }
}

/** An ID of the trust domain, with a path. Throws a RegistrationError. */
export function memberIdOf(wire: Wire, trustDomain: TrustDomain): SpiffeId {
  const id = spiffeIdOf(wire)
  requireMember(id, trustDomain)
  return id
}

/** An ID of the trust domain outside the reserved namespace. Throws a RegistrationError. */
export function workloadIdOf(wire: Wire, trustDomain: TrustDomain): SpiffeId {
  const id = spiffeIdOf(wire)
  requireWorkload(id, trustDomain)
  return id
}

/** An agent's ID. Throws a RegistrationError. */
export function agentIdOf(wire: Wire, trustDomain: TrustDomain): SpiffeId {
  const id = spiffeIdOf(wire)
  requireAgent(id, trustDomain)
  return id
}
