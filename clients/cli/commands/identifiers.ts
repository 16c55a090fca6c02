/** SPIFFE IDs and selectors as they are typed, in the two parts that the API takes. */

import type { Selector } from '../../../proto/gen/spire/api/types/Selector.ts'
import type { SPIFFEID } from '../../../proto/gen/spire/api/types/SPIFFEID.ts'
import { parseSpiffeId, pathOf, trustDomainOf } from '../../../spiffe/spiffe-id.ts'
import { UsageError } from '../command.ts'

/** @throws {SpiffeError} */
export function idMessage(text: string): SPIFFEID {
  const id = parseSpiffeId(text)
  return { trustDomain: trustDomainOf(id), path: pathOf(id) }
}

export function idText(id: SPIFFEID | null | undefined): string {
  return id ? `spiffe://${id.trustDomain ?? ''}${id.path ?? ''}` : ''
}

/** `type:value`; the type ends at the first colon. @throws {UsageError} */
export function selectorMessage(text: string): Selector {
  const colon = text.indexOf(':')
  if (colon < 0) throw new UsageError(`selector "${text}" must be formatted as type:value`)
  return { type: text.slice(0, colon), value: text.slice(colon + 1) }
}
