/**
 * Scans of /proc, in a worker thread and for many askers at once: those who ask while a scan is
 * running share the next one. Nobody is answered from a scan that began before the question.
 */
import type { Worker } from 'node:worker_threads'
import { startThread } from '../../runtime/worker-thread.ts'
import type { Holder } from './holders.ts'

interface Asker {
  readonly inode: number
  readonly resolve: (holders: Holder[]) => void
  readonly reject: (error: Error) => void
}

/** `close()` ends the thread and fails whoever still waits. */
export class HolderScan {
  #worker: Worker | undefined
  #waiting: Asker[] = []
  #asking: Asker[] = []
  #isClosed = false

  /** All holders of the socket with this inode. Rejects when the thread fails or was closed. */
  async holdersOf(inode: number): Promise<Holder[]> {
    if (this.#isClosed) throw new Error('the scan of processes is closed')
    return await new Promise((resolve, reject) => {
      this.#waiting.push({ inode, resolve, reject })
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#worker?.terminate()
    this.#fail(new Error('the scan of processes is closed'))
  }

  #next(): void {
    if (this.#asking.length > 0 || this.#waiting.length === 0) return
    this.#asking = this.#waiting
    this.#waiting = []
    this.#worker ??= this.#start()
    this.#worker.ref()
    this.#worker.postMessage([...new Set(this.#asking.map(({ inode }) => inode))])
  }

  #start(): Worker {
    const worker = startThread('./scan-worker', import.meta)
    worker.on('message', (holders: Holder[]) => {
      // Only a scan under way keeps the process running.
      worker.unref()
      const askers = this.#asking
      this.#asking = []
      for (const { inode, resolve } of askers)
        resolve(holders.filter((holder) => holder.inode === inode))
      this.#next()
    })
    worker.on('error', (error: Error) => {
      this.#worker = undefined
      this.#fail(error)
    })
    return worker
  }

  #fail(error: Error): void {
    const askers = [...this.#asking, ...this.#waiting]
    this.#asking = []
    this.#waiting = []
    for (const { reject } of askers) reject(error)
  }
}
