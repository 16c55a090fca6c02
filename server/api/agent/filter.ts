/** Filters of `ListAgents`: all that are given must match. */

import { matchBehaviorOf } from '../../../proto/convert/match.ts'
import { selectorsOf } from '../../../proto/convert/selector.ts'
import type { _spire_api_server_agent_v1_ListAgentsRequest_Filter__Output as WireFilter } from '../../../proto/gen/spire/api/server/agent/v1/ListAgentsRequest.ts'
import { matchesSet } from '../../../registration/match.ts'
import { selectorText } from '../../../registration/selector.ts'
import { Failure } from '../../../runtime/failure.ts'
import type { AttestedNode } from '../../datastore/collections/agents.ts'
import { readPart } from '../item-status.ts'

export type AgentFilter = (agent: AttestedNode) => boolean

/** Throws a Failure for a filter that cannot be. */
export function agentFilterOf(wire: WireFilter | null, what: string): AgentFilter {
  if (wire === null) return () => true
  const filters: AgentFilter[] = []
  const { byAttestationType, byBanned, byCanReattest, byExpiresBefore } = wire
  if (byAttestationType !== '')
    filters.push(({ attestationType }) => attestationType === byAttestationType)
  if (byBanned !== null) filters.push(({ banned }) => banned === byBanned.value)
  if (byCanReattest !== null) filters.push(({ canReattest }) => canReattest === byCanReattest.value)
  const before = goTime(byExpiresBefore)
  if (before !== undefined) filters.push(({ notAfter }) => notAfter < before)
  const bySelectors = selectorFilterOf(wire, what)
  if (bySelectors !== undefined) filters.push(bySelectors)
  return (agent) => filters.every((filter) => filter(agent))
}

function selectorFilterOf(
  { bySelectorMatch: wire }: WireFilter,
  what: string,
): AgentFilter | undefined {
  if (wire === null) return undefined
  const wanted = readPart(
    'failed to parse selectors',
    () => new Set(selectorsOf(wire.selectors).map(selectorText)),
  )
  if (wanted.size === 0) throw new Failure('internal', `${what}: no selectors to match`)
  const behavior = matchBehaviorOf(wire.match)
  if (behavior === undefined)
    throw new Failure('internal', `${what}: unhandled match behavior '${wire.match}'`)
  return ({ selectors }) => matchesSet(new Set(selectors.map(selectorText)), wanted, behavior)
}

/** `2006-01-02 15:04:05 -0700 -07`, as SPIRE's command line sends it; other text asks for nothing. */
function goTime(text: string): Date | undefined {
  const found = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,9})?) ([+-]\d\d)(\d\d)(?: |$)/.exec(
    text,
  )
  if (found === null) return undefined
  const [, day, time, hours, minutes] = found
  const instant = new Date(`${day}T${time}${hours}:${minutes}`)
  return Number.isNaN(instant.getTime()) ? undefined : instant
}
