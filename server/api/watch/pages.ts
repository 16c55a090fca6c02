/** A change as messages that fit: small ones share a page, and only the last puts all in force. */

import { bundleToWire } from '../../../proto/convert/bundle.ts'
import { entryToWire } from '../../../proto/convert/entry.ts'
import type { AppPolicies as WireAppPolicies } from '../../../proto/gen/countersign/server/watch/v1/AppPolicies.ts'
import type { WatchResponse } from '../../../proto/gen/countersign/server/watch/v1/WatchResponse.ts'
import type { Bundle__Output } from '../../../proto/gen/spire/api/types/Bundle.ts'
import type { Entry__Output } from '../../../proto/gen/spire/api/types/Entry.ts'
import type { StateChange } from './agent-state.ts'

/** A page is closed when it has come to this; a gRPC client takes 4 MiB. */
const pageBytes = 1 << 20

/** The lists of one page. */
interface PageLists {
  readonly entries: Entry__Output[]
  readonly deletedEntryIds: string[]
  readonly bundles: Bundle__Output[]
  readonly deletedBundles: string[]
  readonly policies: WireAppPolicies[]
}

/** What every page of a change carries; `reset` is on the first only. */
export interface PageFrame {
  readonly revision: number
  readonly reset: boolean
}

/** At least one page. `policies` are those of the change, with their sources. */
export function pagesOf(
  change: StateChange,
  policies: readonly WireAppPolicies[],
  { revision, reset }: PageFrame,
): WatchResponse[] {
  const pages: PageLists[] = [emptyPage()]
  let bytes = 0
  const place = (size: number): PageLists => {
    if (bytes > 0 && bytes + size > pageBytes) {
      pages.push(emptyPage())
      bytes = 0
    }
    bytes += size
    return pages.at(-1) ?? emptyPage()
  }
  for (const id of change.deletedEntryIds) place(id.length).deletedEntryIds.push(id)
  for (const name of change.deletedBundles) place(name.length).deletedBundles.push(name)
  for (const bundle of change.bundles) {
    const wire = bundleToWire(bundle)
    place(bundleSize(wire)).bundles.push(wire)
  }
  for (const entry of change.entries) {
    const wire = entryToWire(entry)
    place(entrySize(wire)).entries.push(wire)
  }
  for (const app of policies) place(policiesSize(app)).policies.push(app)
  return pages.map((lists, index) => ({
    revision,
    reset: reset && index === 0,
    more: index < pages.length - 1,
    ...lists,
  }))
}

function emptyPage(): PageLists {
  return { entries: [], deletedEntryIds: [], bundles: [], deletedBundles: [], policies: [] }
}

/** Roughly: lengths of texts, and some for each field. */
function entrySize({
  id,
  spiffeId,
  parentId,
  selectors,
  dnsNames,
  federatesWith,
  hint,
}: Entry__Output): number {
  const texts = [id, spiffeId?.path, parentId?.path, hint, ...dnsNames, ...federatesWith]
  const ids = texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? '') + 4, 128)
  return selectors.reduce(
    (sum, { type, value }) => sum + Buffer.byteLength(type) + Buffer.byteLength(value) + 8,
    ids,
  )
}

function bundleSize({ x509Authorities, jwtAuthorities }: Bundle__Output): number {
  const certificates = x509Authorities.reduce((sum, { asn1 }) => sum + asn1.length + 8, 64)
  return jwtAuthorities.reduce((sum, { publicKey }) => sum + publicKey.length + 64, certificates)
}

function policiesSize({ policies = [] }: WireAppPolicies): number {
  return policies.reduce((sum, { source = '' }) => sum + Buffer.byteLength(source) + 256, 256)
}
