/**
 * One journal directory, one writer. The lock is the kernel's and goes with the process; the lock
 * file's text says which chain the writer has in hand and in which boot of the machine, so that the
 * next writer knows whether everything that was acknowledged is still there.
 */

import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { type ChainId, isChainId } from '../../audit/decision-id.ts'
import { Failure } from '../../runtime/failure.ts'
import { tryLock } from '../../runtime/syscalls.ts'

export interface ChainInHand {
  readonly chain: ChainId
  /** The kernel's boot id. */
  readonly boot: string
}

const lockFile = 'writer.lock'
const maxLockBytes = 1024

export class JournalLock {
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Locks the directory. Throws a Failure when another process writes there. */
  static take(directory: string): JournalLock {
    const { O_CREAT, O_RDWR, O_NOFOLLOW } = constants
    const fd = openSync(path.join(directory, lockFile), O_CREAT | O_RDWR | O_NOFOLLOW, 0o600)
    try {
      if (tryLock(fd)) {
        fchmodSync(fd, 0o600)
        return new JournalLock(fd)
      }
    } catch (error) {
      closeSync(fd)
      throw error
    }
    closeSync(fd)
    throw new Failure('failed-precondition', `another process writes its record to ${directory}`, {
      hint: 'give each proxy a record directory of its own',
    })
  }

  /** What the last writer had in hand; undefined when it left nothing that can be read. */
  chainInHand(): ChainInHand | undefined {
    const buffer = Buffer.alloc(maxLockBytes)
    const text = buffer.toString('latin1', 0, readSync(this.#fd, buffer, 0, maxLockBytes, 0))
    const [chain, boot, ...rest] = text.split('\n')
    if (!isChainId(chain) || boot === undefined || boot === '' || rest.length !== 1)
      return undefined
    return { chain, boot }
  }

  /** Notes the chain that is written from now on. */
  note({ chain, boot }: ChainInHand): void {
    this.#replace(`${chain}\n${boot}\n`)
  }

  /**
   * Notes that numbers were given out for records that are not in the file: if the process ends
   * before they are accounted for, the next one starts a new chain rather than give them again.
   */
  disown({ chain }: ChainInHand): void {
    this.#replace(`${chain}\n-\n`)
  }

  /** Lets the next writer in. To be called once. */
  release(): void {
    closeSync(this.#fd)
  }

  // Written over, not anew: on a full disk there is still room for what is there already.
  #replace(text: string): void {
    writeSync(this.#fd, text, 0)
    ftruncateSync(this.#fd, Buffer.byteLength(text))
    fsyncSync(this.#fd)
  }
}
