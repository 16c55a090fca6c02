/**
 * The file of one chain: whole appends or none, and random access for reading it back.
 *
 * A short write or a full disk leaves the file as it was before; what cannot be taken back at once
 * is taken back before the next append.
 */

import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { ChainId } from '../../audit/decision-id.ts'
import type { RecordBytes } from '../../audit/record-bytes.ts'
import { Failure } from '../../runtime/failure.ts'

const syncData = promisify(fdatasync)

/** The name of a chain's file in its journal directory. */
function chainFileName(chain: ChainId): string {
  return `${chain}.jsonl`
}

export class RecordFile implements RecordBytes {
  readonly #fd: number
  #size: number
  #mayBeLonger = false
  #isClosed = false

  constructor(fd: number) {
    this.#fd = fd
    this.#size = fstatSync(fd).size
  }

  /** Makes the file of a new chain, 0600. It never exists without its first line. */
  static create(directory: string, chain: ChainId, firstLine: string): RecordFile {
    const name = path.join(directory, chainFileName(chain))
    const { O_APPEND, O_CREAT, O_EXCL, O_RDWR, O_NOFOLLOW } = constants
    const flags = O_APPEND | O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW
    const file = new RecordFile(openSync(`${name}.new`, flags, 0o600))
    try {
      file.append(firstLine)
      fsyncSync(file.#fd)
      renameSync(`${name}.new`, name)
      syncDirectory(directory)
      return file
    } catch (error) {
      file.close()
      rmSync(`${name}.new`, { force: true })
      throw error
    }
  }

  /** Opens what {@link create} made. Throws a Failure for a file that is not ours alone. */
  static open(directory: string, chain: ChainId): RecordFile {
    const name = path.join(directory, chainFileName(chain))
    const { O_APPEND, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants
    const fd = openSync(name, O_APPEND | O_RDWR | O_NOFOLLOW | O_NONBLOCK)
    const found = fstatSync(fd)
    if (found.isFile() && found.uid === process.geteuid?.() && (found.mode & 0o077) === 0)
      return new RecordFile(fd)
    closeSync(fd)
    throw new Failure('invalid-configuration', `${name} is not a file of this user's alone`, {
      hint: `chown and chmod 600 ${name}, or move it away`,
    })
  }

  get size(): number {
    return this.#size
  }

  /** Whether the file still has a name; a record that nobody can find is no record. */
  get isLinked(): boolean {
    return fstatSync(this.#fd).nlink > 0
  }

  /** Appends all of it, or throws and leaves the file as it was. */
  append(text: string): void {
    if (this.#mayBeLonger) this.cut(this.#size)
    const bytes = Buffer.from(text, 'utf8')
    // What a failed write left behind must be gone before anybody hears of the refusal: a process
    // killed after that would otherwise leave records of what was refused.
    this.#mayBeLonger = true
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done)
    } catch (error) {
      this.cut(this.#size)
      throw error
    }
    this.#mayBeLonger = false
    this.#size += bytes.length
  }

  /** Cuts the file off at `size` bytes. */
  cut(size: number): void {
    ftruncateSync(this.#fd, size)
    this.#size = size
    this.#mayBeLonger = false
  }

  /** Resolves when everything appended before the call is on the disk. */
  async sync(): Promise<void> {
    await syncData(this.#fd)
  }

  read(offset: number, length: number): Buffer {
    const buffer = Buffer.alloc(length)
    for (let done = 0; done < length; ) {
      const read = readSync(this.#fd, buffer, done, length - done, offset + done)
      if (read === 0)
        throw new Failure('corrupt', 'the record file became shorter while it was read')
      done += read
    }
    return buffer
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeSync(this.#fd)
  }
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
