/** Filters of `ListEntries` and `CountEntries`: all that are given must match. */

import { matchBehaviorOf } from '../../../proto/convert/match.ts'
import { selectorsOf } from '../../../proto/convert/selector.ts'
import { memberIdOf, workloadIdOf } from '../../../proto/convert/spiffe-id.ts'
import type { _spire_api_server_entry_v1_ListEntriesRequest_Filter__Output as WireFilter } from '../../../proto/gen/spire/api/server/entry/v1/ListEntriesRequest.ts'
import type { RegistrationEntry } from '../../../registration/entry.ts'
import { matchesSet } from '../../../registration/match.ts'
import { invalid } from '../../../registration/registration-error.ts'
import { selectorText } from '../../../registration/selector.ts'
import { Failure } from '../../../runtime/failure.ts'
import { parseTrustDomainOrId } from '../../../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../../../spiffe/trust-domain.ts'
import { readPart } from '../item-status.ts'

export type EntryFilter = (entry: RegistrationEntry) => boolean

/** Throws a Failure for a filter that cannot be; `what` begins the message of an unknown behaviour. */
export function entryFilterOf(
  wire: WireFilter | null,
  trustDomain: TrustDomain,
  what: string,
): EntryFilter {
  if (wire === null) return () => true
  const filters = [
    byParentId(wire, trustDomain),
    bySpiffeId(wire, trustDomain),
    bySelectors(wire, what),
    byFederatesWith(wire, what),
    byHint(wire),
    byDownstream(wire),
  ].filter((filter) => filter !== undefined)
  return (entry) => filters.every((filter) => filter(entry))
}

type Made = EntryFilter | undefined

function byParentId({ byParentId: wire }: WireFilter, trustDomain: TrustDomain): Made {
  if (wire === null) return undefined
  const id = readPart('malformed parent ID filter', () => memberIdOf(wire, trustDomain))
  return ({ parentId }) => parentId === id
}

function bySpiffeId({ bySpiffeId: wire }: WireFilter, trustDomain: TrustDomain): Made {
  if (wire === null) return undefined
  const id = readPart('malformed SPIFFE ID filter', () => workloadIdOf(wire, trustDomain))
  return ({ spiffeId }) => spiffeId === id
}

function bySelectors({ bySelectors: wire }: WireFilter, what: string): Made {
  if (wire === null) return undefined
  const wanted = readPart('malformed selectors filter', () => {
    if (wire.selectors.length === 0) throw invalid('empty selector set')
    return new Set(selectorsOf(wire.selectors).map(selectorText))
  })
  const behavior = matchBehaviorOf(wire.match)
  if (behavior === undefined)
    throw new Failure('internal', `${what}: unhandled selectors match behavior '${wire.match}'`)
  return ({ selectors }) => matchesSet(new Set(selectors.map(selectorText)), wanted, behavior)
}

function byFederatesWith({ byFederatesWith: wire }: WireFilter, what: string): Made {
  if (wire === null) return undefined
  const wanted = readPart('malformed federates with filter', () => {
    if (wire.trustDomains.length === 0) throw invalid('empty trust domain set')
    return new Set<string>(wire.trustDomains.map((name) => parseTrustDomainOrId(name)))
  })
  const behavior = matchBehaviorOf(wire.match)
  if (behavior === undefined)
    throw new Failure(
      'internal',
      `${what}: unhandled federates with match behavior '${wire.match}'`,
    )
  return ({ federatesWith }) => matchesSet(new Set(federatesWith), wanted, behavior)
}

/** An empty hint asks for nothing. */
function byHint({ byHint: wire }: WireFilter): Made {
  const wanted = wire?.value ?? ''
  return wanted === '' ? undefined : ({ hint }) => hint === wanted
}

/** Asking for those that are not downstream asks for nothing. */
function byDownstream({ byDownstream: wire }: WireFilter): Made {
  return wire?.value === true ? ({ downstream }) => downstream : undefined
}
