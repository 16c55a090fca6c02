/** `BatchCreateEntry`, `BatchUpdateEntry`, `BatchDeleteEntry`: per-item statuses in SPIRE's words. */

import { randomUUID } from 'node:crypto'
import { entryContentOf, entryToWire, entryUpdateOf } from '../../../proto/convert/entry.ts'
import type { BatchCreateEntryRequest__Output } from '../../../proto/gen/spire/api/server/entry/v1/BatchCreateEntryRequest.ts'
import type { _spire_api_server_entry_v1_BatchCreateEntryResponse_Result as CreateResult } from '../../../proto/gen/spire/api/server/entry/v1/BatchCreateEntryResponse.ts'
import type { _spire_api_server_entry_v1_BatchDeleteEntryResponse_Result as DeleteResult } from '../../../proto/gen/spire/api/server/entry/v1/BatchDeleteEntryResponse.ts'
import type { BatchUpdateEntryRequest__Output } from '../../../proto/gen/spire/api/server/entry/v1/BatchUpdateEntryRequest.ts'
import type { Entry__Output } from '../../../proto/gen/spire/api/types/Entry.ts'
import type { EntryMask__Output } from '../../../proto/gen/spire/api/types/EntryMask.ts'
import type { Status__Output } from '../../../proto/gen/spire/api/types/Status.ts'
import { checkEntry, type RegistrationEntry } from '../../../registration/entry.ts'
import { compareSelectors } from '../../../registration/selector.ts'
import { Failure } from '../../../runtime/failure.ts'
import type { Logger } from '../../../runtime/log.ts'
import type { TrustDomain } from '../../../spiffe/trust-domain.ts'
import type { Actor } from '../../datastore/collections/change-record.ts'
import {
  createEntry,
  deleteEntry,
  entries,
  updateEntry,
} from '../../datastore/collections/entries.ts'
import type { Mirror } from '../../datastore/collections/mirror.ts'
import type { Transaction } from '../../datastore/collections/transaction.ts'
import { type CommitDeps, commitSeen } from '../commit.ts'
import { itemOk, itemStatus, readPart, statusOfFailure } from '../item-status.ts'
import { type ItemRun, maxBatchItems, runInChunks } from './batch.ts'

export interface EntryChangeDeps extends CommitDeps {
  readonly trustDomain: TrustDomain
  readonly entries: Mirror<RegistrationEntry>
  readonly hasBundle: (trustDomain: TrustDomain) => boolean
  readonly log: Logger
}

/** What became of one item, and the entry to show with it. */
interface Outcome {
  readonly status: Status__Output
  readonly entry?: RegistrationEntry
  readonly wrote: boolean
}

export async function createEntries(
  deps: EntryChangeDeps,
  { entries: wire, outputMask }: BatchCreateEntryRequest__Output,
  actor: Actor,
): Promise<CreateResult[]> {
  const items = wire.map((item, index) => creation(deps, item, index))
  return (await run(deps, actor, items)).map((outcome) => shown(outcome, outputMask))
}

export async function updateEntries(
  deps: EntryChangeDeps,
  { entries: wire, inputMask, outputMask }: BatchUpdateEntryRequest__Output,
  actor: Actor,
): Promise<CreateResult[]> {
  const items = wire.map((item) => update(deps, item, inputMask))
  return (await run(deps, actor, items)).map((outcome) => shown(outcome, outputMask))
}

export async function deleteEntries(
  deps: EntryChangeDeps,
  ids: readonly string[],
  actor: Actor,
): Promise<DeleteResult[]> {
  const outcomes = await run(deps, actor, ids.map(deletion))
  return outcomes.map(({ status }, index) => ({ status, id: ids[index] ?? '' }))
}

async function run(
  deps: EntryChangeDeps,
  actor: Actor,
  items: readonly ItemRun<Outcome>[],
): Promise<Outcome[]> {
  if (items.length > maxBatchItems)
    throw new Failure('invalid-argument', `more than ${maxBatchItems} items in one call`)
  return await runInChunks(items, (body) =>
    commitSeen(deps, actor, body, (outcomes) =>
      outcomes.some(({ wrote }) => wrote) ? [deps.entries] : [],
    ),
  )
}

function creation(deps: EntryChangeDeps, wire: Entry__Output, index: number): ItemRun<Outcome> {
  return refusable(async (transaction) => {
    const content = readPart('failed to convert entry', () =>
      entryContentOf(wire, deps.trustDomain),
    )
    const entry: RegistrationEntry = {
      ...content,
      id: wire.id === '' ? randomUUID() : wire.id,
      revisionNumber: 0,
      createdAt: instantOfItem(transaction.now, index),
    }
    readPart('failed to create entry', () => {
      checkEntry(entry)
    })
    const created = await createEntry(transaction, entry)
    switch (created.outcome) {
      case 'written':
        warnOfUnknownBundles(deps, entry)
        return { status: itemOk, entry: sorted(entry), wrote: true }
      case 'similar': {
        const status = itemStatus('already-exists', 'similar entry already exists')
        return { status, entry: created.existing, wrote: false }
      }
      case 'id-taken':
        throw new Failure('already-exists', 'failed to create entry: another entry has this ID')
      case 'not-found':
        throw new TypeError('a new entry cannot be missing')
    }
  })
}

function update(
  deps: EntryChangeDeps,
  wire: Entry__Output,
  mask: EntryMask__Output | null,
): ItemRun<Outcome> {
  return refusable(async (transaction) => {
    const fields = readPart('failed to convert entry', () =>
      entryUpdateOf(wire, mask, deps.trustDomain),
    )
    const before = await entries.get(transaction, wire.id)
    if (before === undefined) throw new Failure('not-found', 'failed to update entry')
    const entry = { ...before, ...fields, revisionNumber: before.revisionNumber + 1 }
    readPart('failed to update entry', () => {
      checkEntry(entry)
    })
    const updated = await updateEntry(transaction, entry)
    if (updated.outcome !== 'written')
      throw new Failure('already-exists', 'failed to update entry: similar entry already exists')
    warnOfUnknownBundles(deps, entry)
    return { status: itemOk, entry: sorted(entry), wrote: true }
  })
}

function deletion(id: string): ItemRun<Outcome> {
  return refusable(async (transaction) => {
    if (id === '') throw new Failure('invalid-argument', 'missing entry ID')
    const deleted = await deleteEntry(transaction, id)
    if (deleted === undefined) throw new Failure('not-found', 'entry not found')
    return { status: itemOk, wrote: true }
  })
}

/** A refused item writes nothing, and its neighbours go on. */
function refusable(item: ItemRun<Outcome>): ItemRun<Outcome> {
  return async (transaction: Transaction) => {
    try {
      return await item(transaction)
    } catch (error) {
      return { status: statusOfFailure(error), wrote: false }
    }
  }
}

function shown({ status, entry }: Outcome, mask: EntryMask__Output | null): CreateResult {
  return { status, entry: entry === undefined ? null : entryToWire(entry, mask) }
}

/** A millisecond apart, so that lists keep the order of a batch. */
function instantOfItem(now: Date, index: number): Date {
  return new Date(now.getTime() + Math.min(index, 999))
}

/** As SPIRE answers a change; it is kept, and answered later, in the order in which it was given. */
function sorted(entry: RegistrationEntry): RegistrationEntry {
  return {
    ...entry,
    selectors: [...entry.selectors].sort(compareSelectors),
    dnsNames: [...entry.dnsNames].sort(),
  }
}

function warnOfUnknownBundles(deps: EntryChangeDeps, entry: RegistrationEntry): void {
  const unknown = entry.federatesWith.filter((name) => !deps.hasBundle(name))
  if (unknown.length === 0) return
  deps.log.warn(
    { entryId: entry.id, trustDomains: unknown },
    'An entry federates with trust domains whose bundles are not known yet',
  )
}
