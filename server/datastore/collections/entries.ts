/** Registration entries by id. Of similar ones there is one at a time, kept so by a key of its own. */

import { z } from 'zod'
import { type RegistrationEntry, similarityText } from '../../../registration/entry.ts'
import { digestOf } from './change-record.ts'
import { Collection } from './collection.ts'
import { dateText, jsonCodec, selectorSchema, spiffeIdText, trustDomainText } from './json-codec.ts'
import { recordKey } from './record-key.ts'
import type { Transaction } from './transaction.ts'

const schema: z.ZodType<RegistrationEntry> = z.strictObject({
  id: z.string(),
  spiffeId: spiffeIdText,
  parentId: spiffeIdText,
  selectors: z.array(selectorSchema),
  x509SvidTtlSeconds: z.number(),
  jwtSvidTtlSeconds: z.number(),
  federatesWith: z.array(trustDomainText),
  admin: z.boolean(),
  downstream: z.boolean(),
  expiresAt: dateText.optional(),
  dnsNames: z.array(z.string()),
  storeSvid: z.boolean(),
  hint: z.string(),
  additionalAttributes: z
    .strictObject({ disableX509SvidPrefetch: z.boolean(), jwtSvidIncludeJti: z.boolean() })
    .optional(),
  revisionNumber: z.number(),
  createdAt: dateText,
})

/** Read and mirror it freely; change it through the functions below only. */
export const entries = new Collection<RegistrationEntry>({
  name: 'entry',
  codec: jsonCodec(schema),
  idOf: ({ id }) => [id],
})

/** Why an entry was not written: another is similar, its id is taken, or it is not there. */
export type EntryRefusal =
  | { readonly outcome: 'similar'; readonly existing: RegistrationEntry }
  | { readonly outcome: 'id-taken'; readonly existing: RegistrationEntry }
  | { readonly outcome: 'not-found' }

export type EntryOutcome = { readonly outcome: 'written' } | EntryRefusal

/** Adds an entry, unless its id or a similar one is there. */
export async function createEntry(
  transaction: Transaction,
  entry: RegistrationEntry,
): Promise<EntryOutcome> {
  const similar = await similarEntry(transaction, entry)
  if (similar !== undefined) return { outcome: 'similar', existing: similar }
  const existing = await entries.get(transaction, entry.id)
  if (existing !== undefined) return { outcome: 'id-taken', existing }
  await writeEntry(transaction, entry)
  return { outcome: 'written' }
}

/** Replaces the entry with the same id, unless another is similar to what it becomes. */
export async function updateEntry(
  transaction: Transaction,
  entry: RegistrationEntry,
): Promise<EntryOutcome> {
  const before = await entries.get(transaction, entry.id)
  if (before === undefined) return { outcome: 'not-found' }
  const similar = await similarEntry(transaction, entry)
  if (similar !== undefined && similar.id !== entry.id) {
    return { outcome: 'similar', existing: similar }
  }
  if (similar === undefined) transaction.delete(similarKey(before))
  await writeEntry(transaction, entry)
  return { outcome: 'written' }
}

/** Removes an entry; undefined when there is none. */
export async function deleteEntry(
  transaction: Transaction,
  id: string,
): Promise<RegistrationEntry | undefined> {
  const entry = await entries.get(transaction, id)
  if (entry === undefined) return undefined
  await entries.remove(transaction, id)
  transaction.delete(similarKey(entry))
  return entry
}

async function writeEntry(transaction: Transaction, entry: RegistrationEntry): Promise<void> {
  await entries.put(transaction, entry)
  transaction.put(similarKey(entry), Buffer.from(entry.id))
}

async function similarEntry(
  transaction: Transaction,
  entry: RegistrationEntry,
): Promise<RegistrationEntry | undefined> {
  const id = await transaction.get(similarKey(entry))
  return id === undefined ? undefined : entries.get(transaction, Buffer.from(id).toString())
}

function similarKey(entry: RegistrationEntry): Uint8Array {
  return recordKey('entry-similar', digestOf(Buffer.from(similarityText(entry))))
}
