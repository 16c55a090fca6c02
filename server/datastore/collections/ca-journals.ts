/** CA journals by key manager: which authority is in which key slot, and what it is doing. */

import { z } from 'zod'
import type { TrustDomain } from '../../../spiffe/trust-domain.ts'
import { Collection } from './collection.ts'
import { bytesText, dateText, jsonCodec, trustDomainText } from './json-codec.ts'

/** prepared (published, not in use) -> active (signs) -> old (signs no more). */
export type AuthorityState = 'prepared' | 'active' | 'old'

export type AuthorityKind = 'x509' | 'jwt'

export interface JournalledAuthority {
  readonly kind: AuthorityKind
  /** The key manager's slot. */
  readonly slot: string
  readonly state: AuthorityState
  /** X.509: hex of the subject key id. JWT: the `kid`. */
  readonly keyId: string
  /** SubjectPublicKeyInfo of the key that must be in the slot, DER. */
  readonly publicKey: Uint8Array
  /** X.509: the certificate, DER. JWT: none. */
  readonly certificate?: Uint8Array | undefined
  readonly notBefore: Date
  readonly notAfter: Date
}

export interface CaJournal {
  /** Id of the key manager that holds the keys. */
  readonly keyManagerId: string
  readonly trustDomain: TrustDomain
  /** One for each slot in use. */
  readonly authorities: readonly JournalledAuthority[]
}

const schema: z.ZodType<CaJournal> = z.strictObject({
  keyManagerId: z.string(),
  trustDomain: trustDomainText,
  authorities: z.array(
    z.strictObject({
      kind: z.enum(['x509', 'jwt']),
      slot: z.string(),
      state: z.enum(['prepared', 'active', 'old']),
      keyId: z.string(),
      publicKey: bytesText,
      certificate: bytesText.optional(),
      notBefore: dateText,
      notAfter: dateText,
    }),
  ),
})

export const caJournals = new Collection<CaJournal>({
  name: 'ca-journal',
  codec: jsonCodec(schema),
  idOf: ({ keyManagerId }) => [keyManagerId],
})
