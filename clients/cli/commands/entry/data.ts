/** The JSON of `entry create -data`: `{"entries": [{"spiffe_id", "parent_id", "selectors", ...}]}`. */

import { z } from 'zod'
import type { Entry } from '../../../../proto/gen/spire/api/types/Entry.ts'
import { UsageError } from '../../command.ts'
import { idMessage } from '../identifiers.ts'

const seconds = z.union([z.number(), z.string()]).default(0)

// Keys that nobody knows are passed over, as in SPIRE's command; a wrong type is refused.
const dataSchema = z.object({
  entries: z
    .array(
      z.object({
        entry_id: z.string().default(''),
        spiffe_id: z.string().default(''),
        parent_id: z.string().default(''),
        selectors: z
          .array(z.object({ type: z.string().default(''), value: z.string().default('') }))
          .default([]),
        x509_svid_ttl: z.number().int().default(0),
        jwt_svid_ttl: z.number().int().default(0),
        federates_with: z.array(z.string()).default([]),
        dns_names: z.array(z.string()).default([]),
        admin: z.boolean().default(false),
        downstream: z.boolean().default(false),
        store_svid: z.boolean().default(false),
        entryExpiry: seconds,
        hint: z.string().default(''),
        disable_x509_svid_prefetch: z.boolean().default(false),
        jwt_svid_include_jti: z.boolean().default(false),
      }),
    )
    .default([]),
})

/** @throws {UsageError} naming the entry and the field. */
export function entriesOfData(data: unknown): Entry[] {
  const parsed = dataSchema.safeParse(data)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new UsageError(
      `${issue?.path.join('.') ?? 'data'}: ${issue?.message ?? 'not understood'}`,
    )
  }
  return parsed.data.entries.map((entry, index) => ({
    id: entry.entry_id,
    spiffeId: idOf(entry.spiffe_id, 'SPIFFE ID', `entries[${index}].spiffe_id`),
    parentId: idOf(entry.parent_id, 'parent ID', `entries[${index}].parent_id`),
    selectors: entry.selectors,
    x509SvidTtl: entry.x509_svid_ttl,
    jwtSvidTtl: entry.jwt_svid_ttl,
    federatesWith: entry.federates_with,
    dnsNames: entry.dns_names,
    admin: entry.admin,
    downstream: entry.downstream,
    storeSvid: entry.store_svid,
    expiresAt: String(entry.entryExpiry),
    hint: entry.hint,
    ...(entry.disable_x509_svid_prefetch || entry.jwt_svid_include_jti
      ? {
          additionalAttributes: {
            disableX509SvidPrefetch: entry.disable_x509_svid_prefetch,
            jwtSvidIncludeJti: entry.jwt_svid_include_jti,
          },
        }
      : {}),
  }))
}

function idOf(text: string, what: string, where: string): ReturnType<typeof idMessage> {
  try {
    return idMessage(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : ''
    throw new UsageError(`invalid ${what}: ${why}`, { cause: error, hint: `correct ${where}` })
  }
}
