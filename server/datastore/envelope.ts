/**
 * How the level backend stores a value: a digest, the revision that wrote it, the value.
 *
 * The digest covers key, revision and value, so a record that was damaged, or answers under another
 * key, is noticed. It is against accidents: whoever can write the files can write digests.
 */

import { hash } from 'node:crypto'
import type { Revision } from './datastore.ts'

const digestBytes = 16
const revisionBytes = 8
const headBytes = digestBytes + revisionBytes

export interface Opened {
  readonly revision: Revision
  readonly value: Uint8Array
}

/** The stored form of a value. */
export function seal(key: Uint8Array, revision: Revision, value: Uint8Array): Buffer {
  const digested = digestInput(key, revision, value)
  return Buffer.concat([digestOf(digested), digested.subarray(4 + key.length)])
}

/** The value in its stored form; undefined when that is damaged. */
export function unseal(key: Uint8Array, stored: Uint8Array): Opened | undefined {
  if (stored.length < headBytes) return undefined
  const revision = revisionIn(stored)
  const value = stored.subarray(headBytes)
  const digest = digestOf(digestInput(key, revision, value))
  return digest.equals(stored.subarray(0, digestBytes)) ? { revision, value } : undefined
}

/** The revision of a stored value, unverified. */
export function revisionIn(stored: Uint8Array): Revision {
  return Number(view(stored).getBigUint64(digestBytes))
}

/**
 * The digest of a stored value as a number. The sum of these over all records is kept with every
 * commit: a record that is missing, old or back from the dead changes it.
 */
export function summand(stored: Uint8Array): bigint {
  const digest = view(stored)
  return (digest.getBigUint64(0) << 64n) | digest.getBigUint64(8)
}

/** Adds to, or takes from, such a sum. */
export function addToSum(sum: bigint, change: bigint): bigint {
  return BigInt.asUintN(digestBytes * 8, sum + change)
}

function digestInput(key: Uint8Array, revision: Revision, value: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(4 + key.length + revisionBytes + value.length)
  input.writeUInt32BE(key.length, 0)
  input.set(key, 4)
  input.writeBigUInt64BE(BigInt(revision), 4 + key.length)
  input.set(value, 4 + key.length + revisionBytes)
  return input
}

function digestOf(input: Uint8Array): Buffer {
  return hash('sha256', input, 'buffer').subarray(0, digestBytes)
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
