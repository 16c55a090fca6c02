/**
 * Which SPIFFE IDs of a trust domain are what: `/spire` is reserved, agents are below
 * `/spire/agent`, everything else is a workload.
 */

import { isMemberOf, makeSpiffeId, pathOf, type SpiffeId } from '../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../spiffe/trust-domain.ts'
import { invalid } from './registration-error.ts'

const reserved = '/spire'
const agents = `${reserved}/agent/`

/** The server's own ID; the parent of node aliases too. */
export function serverId(trustDomain: TrustDomain): SpiffeId {
  return makeSpiffeId(trustDomain, `${reserved}/server`)
}

/** The ID of an agent that a node attestor of this type knows by `name`, such as a join token. */
export function agentId(trustDomain: TrustDomain, attestationType: string, name: string): SpiffeId {
  return makeSpiffeId(trustDomain, `${agents}${attestationType}/${name}`)
}

/** Whether the ID is in the agents' namespace of its trust domain. */
export function isAgentId(id: SpiffeId): boolean {
  return pathOf(id).startsWith(agents)
}

/** Throws a RegistrationError unless the ID is in the trust domain and has a path. */
export function requireMember(id: SpiffeId, trustDomain: TrustDomain): void {
  requireSameDomain(id, trustDomain)
  if (pathOf(id) === '') {
    throw invalid(
      `${quoted(id)} is not a member of trust domain ${quoted(trustDomain)}; path is empty`,
    )
  }
}

/** Throws a RegistrationError unless the ID may be a workload's. */
export function requireWorkload(id: SpiffeId, trustDomain: TrustDomain): void {
  requireSameDomain(id, trustDomain)
  const problem = workloadProblem(pathOf(id))
  if (problem !== undefined) {
    throw invalid(
      `${quoted(id)} is not a workload in trust domain ${quoted(trustDomain)}; ${problem}`,
    )
  }
}

/** Throws a RegistrationError unless the ID is in the agents' namespace. */
export function requireAgent(id: SpiffeId, trustDomain: TrustDomain): void {
  requireSameDomain(id, trustDomain)
  if (isAgentId(id)) return
  const problem = pathOf(id) === '' ? 'path is empty' : 'path is not in the agent namespace'
  throw invalid(`${quoted(id)} is not an agent in trust domain ${quoted(trustDomain)}; ${problem}`)
}

function requireSameDomain(id: SpiffeId, trustDomain: TrustDomain): void {
  if (isMemberOf(id, trustDomain)) return
  throw invalid(`${quoted(id)} is not a member of trust domain ${quoted(trustDomain)}`)
}

function workloadProblem(path: string): string | undefined {
  if (path === '') return 'path is empty'
  if (path === reserved || path.startsWith(`${reserved}/`))
    return 'path is in the reserved namespace'
  return undefined
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
