/** An agent as SPIRE's commands print it. */

import type { Agent__Output } from '../../../../proto/gen/spire/api/types/Agent.ts'
import { goTime, shown } from '../../output.ts'
import { idText } from '../identifiers.ts'

export function agentText(agent: Agent__Output): string {
  const line = (label: string, value: string): string => `${label.padEnd(18)}: ${shown(value)}\n`
  return [
    line('SPIFFE ID', idText(agent.id)),
    line('Attestation type', agent.attestationType),
    line('Expiration time', goTime(agent.x509svidExpiresAt)),
    agent.banned ? line('Banned', 'true') : line('Serial number', agent.x509svidSerialNumber),
    line('Can re-attest', String(agent.canReattest)),
    agent.agentVersion === '' ? '' : line('Agent version', agent.agentVersion),
    ...agent.selectors.map(({ type, value }) => line('Selectors', `${type}:${value}`)),
    '\n',
  ].join('')
}
