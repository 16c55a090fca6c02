/**
 * The last acknowledged revision, in a file beside the LevelDB folder.
 *
 * LevelDB opens silently with the end of its log gone, and nothing inside it can tell. This file is
 * written after each synced commit and never ahead of it, so a store that is behind it has lost
 * something that was acknowledged. It is not synced itself: a power cut may leave it behind, which
 * says nothing.
 */

import { hash } from 'node:crypto'
import { closeSync, constants, fchmodSync, openSync, readSync, writeSync } from 'node:fs'
import { Failure } from '../../runtime/failure.ts'
import type { Revision } from './datastore.ts'

const fileBytes = 24

export class AcknowledgedFile {
  readonly path: string
  readonly #fd: number

  constructor(path: string) {
    this.path = path
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants
    this.#fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
    fchmodSync(this.#fd, 0o600)
  }

  /** What was written last; 0 in a new file. Throws a Failure `corrupt` on anything else. */
  read(): Revision {
    const bytes = Buffer.alloc(fileBytes + 1)
    const length = readSync(this.#fd, bytes, 0, bytes.length, 0)
    if (length === 0) return 0
    const revision = Number(bytes.readBigUInt64BE(0))
    if (length !== fileBytes || !encode(revision).equals(bytes.subarray(0, fileBytes)))
      throw new Failure('corrupt', `${this.path} does not hold a revision`, {
        hint: `if the datastore beside it is known to be whole, remove ${this.path}`,
      })
    return revision
  }

  write(revision: Revision): void {
    writeSync(this.#fd, encode(revision), 0, fileBytes, 0)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

function encode(revision: Revision): Buffer {
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(revision))
  return Buffer.concat([number, hash('sha256', number, 'buffer').subarray(0, 16)])
}
