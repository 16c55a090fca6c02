/**
 * The server's record of each mutating call, written in the commit that makes the change
 * (DESIGN.md section 6, "The server is a writer of the same record").
 */

import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Operation } from '../datastore.ts'
import { dateText, jsonCodec } from './json-codec.ts'
import { recordKey, timeSegment } from './record-key.ts'

/** Who changes something, through which door, by what call. */
export interface Actor {
  /** SPIFFE ID of a remote caller, `uid:0` of a local one, the server's own ID for its own tasks. */
  readonly subject: string
  readonly door: 'tcp' | 'private-socket' | 'server'
  /** Full gRPC method, such as `spire.api.server.entry.v1.Entry/BatchCreateEntry`, or a task. */
  readonly action: string
}

/** One object that the call changed; digests are SHA-256 of the stored value, lower-case hex. */
export interface ObjectChange {
  readonly kind: string
  readonly id: string
  readonly before?: string | undefined
  readonly after?: string | undefined
}

export interface ChangeRecord {
  readonly time: Date
  readonly actor: Actor
  readonly changes: readonly ObjectChange[]
}

const schema: z.ZodType<ChangeRecord> = z.strictObject({
  time: dateText,
  actor: z.strictObject({
    subject: z.string(),
    door: z.enum(['tcp', 'private-socket', 'server']),
    action: z.string(),
  }),
  changes: z.array(
    z.strictObject({
      kind: z.string(),
      id: z.string(),
      before: z.string().optional(),
      after: z.string().optional(),
    }),
  ),
})

export const changeRecordCodec = jsonCodec(schema)

/** All records, by time; commit order is the revision of each. */
export const changeRecordPrefix = recordKey('change')

/** The step that adds the record to the commit it describes. */
export function recordOf(record: ChangeRecord): Operation {
  return {
    kind: 'put',
    key: recordKey('change', timeSegment(record.time), randomBytes(12).toString('hex')),
    value: changeRecordCodec.encode(record),
    expected: 0,
  }
}

/** How a change record names a stored value. */
export function digestOf(value: Uint8Array): string {
  return createHash('sha256').update(value).digest('hex')
}
