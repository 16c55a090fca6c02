/**
 * SHA-256 of executables, computed by a thread of its own and remembered per file: hashing on each
 * call would cost a hundred times all the rest.
 */

import type { BigIntStats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Worker } from 'node:worker_threads'
import { LRUCache } from 'lru-cache'
import { Failure } from '../../runtime/failure.ts'
import { startThread } from '../../runtime/worker-thread.ts'
import type { HashAnswer } from './hash-worker.ts'

const limits = { rememberedFiles: 1000, waitingFiles: 1000 } as const

interface Asker {
  readonly resolve: (sha256: string) => void
  readonly reject: (error: Error) => void
}

/** `close()` ends the thread and fails whoever still waits. */
export class ExecutableHash {
  readonly #known = new LRUCache<string, string>({ max: limits.rememberedFiles })
  readonly #underWay = new Map<string, Promise<string>>()
  readonly #askers = new Map<number, Asker>()
  #next = 0
  #worker: Worker | undefined

  /**
   * Lower-case hex of the file's content. `found` is what `file.stat({bigint: true})` said; the
   * handle stays open until this is settled.
   */
  async of(file: FileHandle, found: BigIntStats, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    const version = versionOf(found)
    const known = this.#known.get(version)
    if (known !== undefined) return known
    const shared = this.#underWay.get(version)
    if (shared !== undefined) return await shared
    const hashing = this.#compute(file, version)
    this.#underWay.set(version, hashing)
    try {
      return await hashing
    } finally {
      this.#underWay.delete(version)
    }
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
    this.#fail(new Failure('unavailable', 'the hashing of executables is closed'))
  }

  async #compute(file: FileHandle, version: string): Promise<string> {
    if (this.#askers.size >= limits.waitingFiles)
      throw new Failure('resource-exhausted', 'too many executables wait to be hashed')
    const sha256 = await new Promise<string>((resolve, reject) => {
      const id = this.#next++
      this.#askers.set(id, { resolve, reject })
      this.#worker ??= this.#start()
      this.#worker.ref()
      this.#worker.postMessage({ id, descriptor: file.fd })
    })
    if (versionOf(await file.stat({ bigint: true })) !== version)
      throw new Failure('unavailable', 'the executable changed while it was hashed')
    this.#known.set(version, sha256)
    return sha256
  }

  #start(): Worker {
    const worker = startThread('./hash-worker', import.meta)
    worker.on('message', (answer: HashAnswer) => {
      const asker = this.#askers.get(answer.id)
      this.#askers.delete(answer.id)
      // Only a file under way keeps the process running.
      if (this.#askers.size === 0) worker.unref()
      if ('sha256' in answer) asker?.resolve(answer.sha256)
      else
        asker?.reject(new Failure('unavailable', `cannot hash the executable: ${answer.problem}`))
    })
    worker.on('error', (error: Error) => {
      this.#worker = undefined
      this.#fail(error)
    })
    return worker
  }

  #fail(error: Error): void {
    const askers = [...this.#askers.values()]
    this.#askers.clear()
    for (const { reject } of askers) reject(error)
  }
}

function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}
