/**
 * What the level backend keeps where: one head record, the change log by revision, the records.
 * The three are told apart by the first byte of LevelDB's key.
 */

import { z } from 'zod'
import type { Revision } from './datastore.ts'

const logByte = 1
const dataByte = 2

export const headKey: Uint8Array = Uint8Array.of(0)

/** Written with every commit: what the store must hold. */
export interface Head {
  /** Random name of the store. */
  readonly id: string
  readonly revision: Revision
  /** First revision of the change log. */
  readonly oldest: Revision
  /** Number of records, and the sum of their digests. */
  readonly records: number
  readonly sum: bigint
}

const headSchema = z.strictObject({
  id: z.string(),
  revision: z.int().nonnegative(),
  oldest: z.int().positive(),
  records: z.int().nonnegative(),
  sum: z.codec(z.string().regex(/^\d+$/), z.bigint(), {
    decode: (text) => BigInt(text),
    encode: (sum) => sum.toString(),
  }),
})

export function encodeHead(head: Head): Uint8Array {
  return Buffer.from(JSON.stringify(z.encode(headSchema, head)))
}

/** Throws what the schema or JSON throws. */
export function decodeHead(bytes: Uint8Array): Head {
  const json: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
  return headSchema.parse(json)
}

export function logKey(revision: Revision): Uint8Array {
  const key = Buffer.alloc(9)
  key[0] = logByte
  key.writeBigUInt64BE(BigInt(revision), 1)
  return key
}

export function dataKey(key: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(dataByte), key])
}

/** The record's key in LevelDB's. */
export function keyIn(stored: Uint8Array): Uint8Array {
  return stored.subarray(1)
}

export const logRange = { gte: Uint8Array.of(logByte), lt: Uint8Array.of(logByte + 1) } as const

/** The records whose key starts with a prefix, and comes after another key where one is given. */
export function dataRange(
  prefix: Uint8Array,
  after?: Uint8Array,
): { gte: Uint8Array; lt: Uint8Array } | { gt: Uint8Array; lt: Uint8Array } {
  const first = dataKey(prefix)
  const lt = firstBeyond(first)
  if (after === undefined) return { gte: first, lt }
  const last = dataKey(after)
  return Buffer.compare(last, first) < 0 ? { gte: first, lt } : { gt: last, lt }
}

/** The first key that is greater than all that start with a prefix; `dataByte` keeps it finite. */
function firstBeyond(prefix: Uint8Array): Uint8Array {
  const last = prefix.findLastIndex((byte) => byte !== 0xff)
  const beyond = Buffer.from(prefix.subarray(0, last + 1))
  beyond[last] = (beyond[last] ?? 0) + 1
  return beyond
}
