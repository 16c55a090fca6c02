/** CA journals by key manager: which authority is in which key slot, and what it is doing. */

import { z } from 'zod'
import { Collection } from './collection.ts'
import { bytesText, dateText, jsonCodec } from './json-codec.ts'

/** prepared (published, not in use) -> active (signs) -> old (signs no more). */
export type AuthorityState = 'prepared' | 'active' | 'old'

export interface JournalledAuthority {
  /** The key manager's slot. */
  readonly slot: string
  readonly state: AuthorityState
  /** X.509: hex of the subject key id. JWT: the `kid`. */
  readonly keyId: string
  /** SubjectPublicKeyInfo of the key that must be in the slot, DER. */
  readonly publicKey: Uint8Array
  /** Certificate, DER; JWT authorities have none. */
  readonly certificate?: Uint8Array | undefined
  readonly notBefore: Date
  readonly notAfter: Date
}

export interface CaJournal {
  /** Id of the key manager that holds the keys. */
  readonly keyManagerId: string
  readonly x509: readonly JournalledAuthority[]
  readonly jwt: readonly JournalledAuthority[]
}

const authoritySchema = z.strictObject({
  slot: z.string(),
  state: z.enum(['prepared', 'active', 'old']),
  keyId: z.string(),
  publicKey: bytesText,
  certificate: bytesText.optional(),
  notBefore: dateText,
  notAfter: dateText,
})

const schema: z.ZodType<CaJournal> = z.strictObject({
  keyManagerId: z.string(),
  x509: z.array(authoritySchema),
  jwt: z.array(authoritySchema),
})

export const caJournals = new Collection<CaJournal>({
  name: 'ca-journal',
  codec: jsonCodec(schema),
  idOf: ({ keyManagerId }) => [keyManagerId],
})
