/** A chain file as the commands read it: at any place, and again as it grows. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { RecordBytes } from '../../../../audit/record-bytes.ts'
import { hasCode } from '../../../../runtime/files.ts'
import { UsageError } from '../../command.ts'

export class RecordReader implements RecordBytes {
  readonly path: string
  readonly #fd: number
  #size: number

  /** @throws {UsageError} when the file cannot be read. */
  constructor(path: string) {
    this.path = path
    try {
      this.#fd = openSync(path, constants.O_RDONLY)
    } catch (error) {
      throw unreadable(path, error)
    }
    this.#size = fstatSync(this.#fd).size
  }

  /** As it was when the file was opened, or at the last {@link grow}. */
  get size(): number {
    return this.#size
  }

  /** Takes in what was written since. */
  grow(): void {
    this.#size = fstatSync(this.#fd).size
  }

  read(offset: number, length: number): Buffer {
    const buffer = Buffer.alloc(length)
    for (let done = 0; done < length; ) {
      const read = readSync(this.#fd, buffer, done, length - done, offset + done)
      if (read === 0) throw new UsageError(`${this.path} became shorter while it was read`)
      done += read
    }
    return buffer
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** What to tell of a path that cannot be read. */
export function unreadable(path: string, error: unknown): unknown {
  if (hasCode(error, 'ENOENT')) return new UsageError(`there is no ${path}`)
  if (hasCode(error, 'EACCES'))
    return new UsageError(`no permission to read ${path}; it is open to the proxy's user alone`)
  if (hasCode(error, 'ENOTDIR')) return new UsageError(`${path} is not a directory`)
  if (hasCode(error, 'EISDIR')) return new UsageError(`${path} is a directory; use -dir`)
  return error
}
