/**
 * Salted commitments: a record binds what was decided on without containing it.
 *
 * SHA-256 over the domain, the salt, what is committed to, and its bytes. Whoever holds the salt
 * and the bytes can show that they are what the record names; without the salt not even a guess of
 * a short text can be tested. Each commitment takes a fresh salt, so that one can be opened, or
 * erased with its salt, without the others.
 */

import { createHash, type Hash } from 'node:crypto'
import type { Sha256Hex } from './record.ts'

export const saltBytes = 32

/** What is committed to: the head or body decided on, or what was streamed either way. */
export type Committed = 'head' | 'body' | 'request' | 'answer'

/** Throws TypeError unless the salt has {@link saltBytes}. */
export function commit(what: Committed, salt: Uint8Array, bytes: Uint8Array): Sha256Hex {
  return new StreamCommitment(what, salt).add(bytes).finish()
}

/** A commitment to bytes as they pass by. */
export class StreamCommitment {
  readonly #hash: Hash

  /** Throws TypeError unless the salt has {@link saltBytes}. */
  constructor(what: Committed, salt: Uint8Array) {
    if (salt.length !== saltBytes) throw new TypeError(`a salt has ${saltBytes} bytes`)
    this.#hash = createHash('sha256').update(domain).update(salt).update(`${what}\0`)
  }

  add(bytes: Uint8Array): this {
    this.#hash.update(bytes)
    return this
  }

  /** To be called once. */
  finish(): Sha256Hex {
    return this.#hash.digest('hex')
  }
}

const domain = 'countersign/audit/commitment/v1\0'
