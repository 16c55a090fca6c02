/** Attested nodes on the wire. */

import type { Selector } from '../../registration/selector.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { Agent__Output } from '../gen/spire/api/types/Agent.ts'
import type { AgentMask__Output } from '../gen/spire/api/types/AgentMask.ts'
import { secondsOf } from './instant.ts'
import { selectorsToWire } from './selector.ts'
import { spiffeIdToWire } from './spiffe-id.ts'

/** What is told of an agent. */
export interface AgentFields {
  readonly id: SpiffeId
  readonly attestationType: string
  /** Lower-case hex; empty when banned. */
  readonly serial: string
  readonly notAfter: Date
  readonly selectors: readonly Selector[]
  readonly banned: boolean
  readonly canReattest: boolean
  readonly agentVersion: string
}

/** The id and what the mask shows; no mask shows all. */
export function agentToWire(agent: AgentFields, mask: AgentMask__Output | null): Agent__Output {
  const shows = (field: keyof AgentMask__Output): boolean => mask === null || mask[field]
  return {
    id: spiffeIdToWire(agent.id),
    attestationType: shows('attestationType') ? agent.attestationType : '',
    x509svidSerialNumber: shows('x509svidSerialNumber') ? decimal(agent.serial) : '',
    x509svidExpiresAt: shows('x509svidExpiresAt') ? secondsOf(agent.notAfter) : '0',
    selectors: shows('selectors') ? selectorsToWire(agent.selectors) : [],
    banned: shows('banned') && agent.banned,
    canReattest: shows('canReattest') && agent.canReattest,
    agentVersion: shows('agentVersion') ? agent.agentVersion : '',
  }
}

function decimal(serial: string): string {
  return serial === '' ? '' : BigInt(`0x${serial}`).toString()
}
