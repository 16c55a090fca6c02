/** `spire.api.server.entry.v1.Entry`: registration entries, for operators. */

import { entryToWire } from '../../../proto/convert/entry.ts'
import type { RegistrationEntry } from '../../../registration/entry.ts'
import { Failure } from '../../../runtime/failure.ts'
import { unary } from '../../../runtime/grpc/handlers.ts'
import { pageOf } from '../page.ts'
import { type Service, service } from '../service.ts'
import { SortedView } from '../sorted-view.ts'
import {
  createEntries,
  deleteEntries,
  type EntryChangeDeps,
  updateEntries,
} from './change-entries.ts'
import { entryFilterOf } from './filter.ts'

export function entryService(deps: EntryChangeDeps): Service {
  const view = new SortedView(deps.entries, inOrderOfCreation)
  return service('spire.api.server.entry.v1.Entry', (gateOf) => ({
    CountEntries: unary(gateOf('CountEntries'), ({ filter }) => {
      const wanted = entryFilterOf(filter, deps.trustDomain, 'failed to count entries')
      return { count: view.items.filter(wanted).length }
    }),
    ListEntries: unary(gateOf('ListEntries'), ({ filter, outputMask, pageSize, pageToken }) => {
      const what = 'failed to list entries'
      const wanted = entryFilterOf(filter, deps.trustDomain, what)
      const page = pageOf(view.items, view.keyOf, wanted, { pageSize, pageToken }, what)
      return {
        entries: page.items.map((entry) => entryToWire(entry, outputMask)),
        nextPageToken: page.nextPageToken,
      }
    }),
    GetEntry: unary(gateOf('GetEntry'), ({ id, outputMask }) => {
      if (id === '') throw new Failure('invalid-argument', 'missing ID')
      const entry = deps.entries.get(id)
      if (entry === undefined) throw new Failure('not-found', 'entry not found')
      return entryToWire(entry, outputMask)
    }),
    BatchCreateEntry: unary(gateOf('BatchCreateEntry'), async (request, { caller }) => ({
      results: await createEntries(deps, request, caller.actor),
    })),
    BatchUpdateEntry: unary(gateOf('BatchUpdateEntry'), async (request, { caller }) => ({
      results: await updateEntries(deps, request, caller.actor),
    })),
    BatchDeleteEntry: unary(gateOf('BatchDeleteEntry'), async ({ ids }, { caller }) => ({
      results: await deleteEntries(deps, ids, caller.actor),
    })),
  }))
}

function inOrderOfCreation({ createdAt, id }: RegistrationEntry): string {
  return `${String(createdAt.getTime()).padStart(16, '0')} ${id}`
}
