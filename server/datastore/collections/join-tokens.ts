/**
 * Join tokens: each admits one agent, once. A token is kept as its SHA-256 only, so that a copy of
 * the store admits nobody.
 */

import { z } from 'zod'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'
import { digestOf } from './change-record.ts'
import { Collection } from './collection.ts'
import { dateText, jsonCodec, spiffeIdText } from './json-codec.ts'
import type { Transaction } from './transaction.ts'

interface StoredJoinToken {
  readonly tokenDigest: string
  readonly expiresAt: Date
  /** SPIFFE ID that the agent is to be known by besides its own. */
  readonly alias?: SpiffeId | undefined
}

export interface JoinToken {
  readonly token: string
  readonly expiresAt: Date
  readonly alias?: SpiffeId | undefined
}

/** What presenting a token came to; only `consumed` used it up. */
export type TokenOutcome =
  | { readonly outcome: 'consumed'; readonly alias: SpiffeId | undefined }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'expired' }

const schema: z.ZodType<StoredJoinToken> = z.strictObject({
  tokenDigest: z.string(),
  expiresAt: dateText,
  alias: spiffeIdText.optional(),
})

const joinTokens = new Collection<StoredJoinToken>({
  name: 'join-token',
  codec: jsonCodec(schema),
  idOf: ({ tokenDigest }) => [tokenDigest],
})

/** Adds a token; false when there is one of this text. */
export async function addJoinToken(transaction: Transaction, added: JoinToken): Promise<boolean> {
  const tokenDigest = digestOf(Buffer.from(added.token))
  if ((await joinTokens.get(transaction, tokenDigest)) !== undefined) return false
  await joinTokens.put(transaction, {
    tokenDigest,
    expiresAt: added.expiresAt,
    alias: added.alias,
  })
  return true
}

/** Uses the token up in this transaction: of many that try, one commits, the others find none. */
export async function consumeJoinToken(
  transaction: Transaction,
  token: string,
): Promise<TokenOutcome> {
  const tokenDigest = digestOf(Buffer.from(token))
  const found = await joinTokens.get(transaction, tokenDigest)
  if (found === undefined) return { outcome: 'unknown' }
  if (found.expiresAt <= transaction.now) return { outcome: 'expired' }
  await joinTokens.remove(transaction, tokenDigest)
  return { outcome: 'consumed', alias: found.alias }
}

/** Removes expired tokens; tells how many. */
export async function pruneJoinTokens(transaction: Transaction): Promise<number> {
  let removed = 0
  let after: readonly string[] | undefined
  do {
    const page = await joinTokens.list(transaction, { after })
    for (const { tokenDigest, expiresAt } of page.values) {
      if (expiresAt > transaction.now) continue
      await joinTokens.remove(transaction, tokenDigest)
      removed++
    }
    after = page.next
  } while (after !== undefined)
  return removed
}
