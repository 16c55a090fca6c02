/**
 * One link of a chain: a record becomes a line, a line becomes a record again.
 *
 * A line is `{"hash":"<64 hex>","record":<canonical record>}` and a line end. The hash is SHA-256
 * over the domain, the previous record's hash and the record's own bytes, so that a changed record
 * is named itself, and a removed, added or moved one breaks the next. What a line holds is the one
 * canonical text of its record: nothing can be said twice or in two ways.
 */

import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { canonicalText } from './canonical.ts'
import { readRecord } from './read-record.ts'
import type { AuditRecord, Sha256Hex } from './record.ts'

/** What stands in for the hash before the first record. */
export const genesisHead: Sha256Hex = '0'.repeat(64)

/** Longest line without its line end, in bytes. */
export const maxLineBytes = 256 * 1024

export interface Link {
  /** With its line end. */
  readonly line: string
  readonly hash: Sha256Hex
}

/** What is wrong with one line, in words that follow "record N". */
export interface LineFault {
  readonly fault: string
}

export interface OpenedLine {
  readonly record: AuditRecord
  readonly hash: Sha256Hex
  /** Whether the hash follows from the given head. */
  readonly follows: (head: Sha256Hex) => boolean
}

/** Chains one record to the record whose hash is `head`. Throws TypeError when it cannot be written. */
export function chainRecord(record: AuditRecord, head: Sha256Hex): Link {
  const text = canonicalText(record)
  const digest = recordHash(head, text)
  return { line: `${prefix}${digest}${middle}${text}}\n`, hash: digest }
}

/** Reads a line, without its line end, strictly; whether it follows on is for the caller to ask. */
export function openLine(line: string): OpenedLine | LineFault {
  const text = line.slice(bodyAt, -1)
  const digest = line.slice(prefix.length, prefix.length + 64)
  const isFramed = line.startsWith(prefix) && line.startsWith(middle, prefix.length + 64)
  if (!isFramed || !line.endsWith('}') || !hexDigest.test(digest))
    return { fault: 'is not a line of a record file' }
  const value = parseJson(text)
  if (value === undefined) return { fault: 'is not JSON' }
  const record = readRecord(value)
  if ('fault' in record) return record
  if (canonicalize(value) !== text) return { fault: 'is not in canonical form' }
  return { record, hash: digest, follows: (head) => recordHash(head, text) === digest }
}

const domain = 'countersign/audit/record/v1\0'
const prefix = '{"hash":"'
const middle = '","record":'
const bodyAt = prefix.length + 64 + middle.length
const hexDigest = /^[0-9a-f]{64}$/

// The head has one length, so what is hashed can be read in one way only.
function recordHash(head: Sha256Hex, text: string): Sha256Hex {
  return hash('sha256', domain + head + text, 'hex')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
