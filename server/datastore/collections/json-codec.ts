/**
 * Stored values are JSON objects read through a schema; what JSON cannot hold (instants, big
 * integers, bytes, SPIFFE IDs) has one text form each, here.
 */

import { z } from 'zod'
import { Failure } from '../../../runtime/failure.ts'
import { parseSpiffeId, type SpiffeId } from '../../../spiffe/spiffe-id.ts'
import { parseTrustDomain, type TrustDomain } from '../../../spiffe/trust-domain.ts'

/** Turns values of one type into stored bytes and back. */
export interface Codec<T> {
  encode(value: T): Uint8Array
  /** Throws a Failure `corrupt` when the bytes are not such a value. */
  decode(bytes: Uint8Array): T
}

/** Codec of a schema whose encoded side is JSON. */
export function jsonCodec<T>(schema: z.ZodType<T>): Codec<T> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(z.encode(schema, value)), 'utf8'),
    decode: (bytes) => {
      try {
        const json: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
        return schema.parse(json)
      } catch (error) {
        throw new Failure('corrupt', 'a stored value does not have its type', { cause: error })
      }
    },
  }
}

/** An instant as RFC 3339 text with milliseconds. */
export const dateText = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
})

/** A big integer as decimal text. */
export const bigintText = z.codec(z.string().regex(/^-?\d+$/), z.bigint(), {
  decode: (text) => BigInt(text),
  encode: (value) => value.toString(),
})

/** Bytes as base64. */
export const bytesText = z.codec(z.base64(), z.instanceof(Uint8Array), {
  decode: (text) => new Uint8Array(Buffer.from(text, 'base64')),
  encode: (bytes) => Buffer.from(bytes).toString('base64'),
})

export const spiffeIdText = z.codec(z.string(), z.custom<SpiffeId>(), {
  decode: (text) => parseSpiffeId(text),
  encode: (id) => id,
})

export const trustDomainText = z.codec(z.string(), z.custom<TrustDomain>(), {
  decode: (text) => parseTrustDomain(text),
  encode: (name) => name,
})

/** A selector as registration entries and attested nodes hold it. */
export const selectorSchema = z.strictObject({ type: z.string(), value: z.string() })
