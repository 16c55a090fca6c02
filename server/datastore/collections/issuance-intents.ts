/**
 * What the CA was about to sign, committed before a signature leaves it: no SVID exists that the
 * store does not know of. Kept until the SVID has expired.
 */

import { z } from 'zod'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'
import type { Datastore, Operation } from '../datastore.ts'
import { Collection } from './collection.ts'
import { dateText, jsonCodec, spiffeIdText } from './json-codec.ts'
import { timeSegment } from './record-key.ts'

export interface IssuanceIntent {
  /** Lower-case hex. */
  readonly serial: string
  readonly id: SpiffeId
  /** Hex key id of the authority that signs. */
  readonly issuerKeyId: string
  readonly notAfter: Date
  /** SHA-256 of the TBSCertificate, lower-case hex. */
  readonly tbsDigest: string
  /** Registration entry that it is for; none for agents and the server. */
  readonly entryId?: string | undefined
  /** The agent that asked. */
  readonly agentId?: SpiffeId | undefined
}

const schema: z.ZodType<IssuanceIntent> = z.strictObject({
  serial: z.string(),
  id: spiffeIdText,
  issuerKeyId: z.string(),
  notAfter: dateText,
  tbsDigest: z.string(),
  entryId: z.string().optional(),
  agentId: spiffeIdText.optional(),
})

/** By the end of validity, so that what has expired comes first. */
export const issuanceIntents = new Collection<IssuanceIntent>({
  name: 'issuance-intent',
  codec: jsonCodec(schema),
  idOf: ({ notAfter, serial }) => [timeSegment(notAfter), serial],
})

/** The step that adds an intent to a commit; a serial is used once. */
export function intentOf(intent: IssuanceIntent): Operation {
  return {
    kind: 'put',
    key: issuanceIntents.key(...issuanceIntents.idOf(intent)),
    value: issuanceIntents.codec.encode(intent),
    expected: 0,
  }
}

/** Removes the intents of SVIDs that had expired by this instant; tells how many. */
export async function pruneIssuanceIntents(store: Datastore, expiredBy: Date): Promise<number> {
  let removed = 0
  for (;;) {
    const expired = await store.read(async (snapshot) => {
      const { values } = await issuanceIntents.list(snapshot)
      return values.filter(({ notAfter }) => notAfter < expiredBy)
    })
    if (expired.length === 0) return removed
    await store.commit(
      expired.map((intent) => ({
        kind: 'delete',
        key: issuanceIntents.key(...issuanceIntents.idOf(intent)),
      })),
    )
    removed += expired.length
  }
}
