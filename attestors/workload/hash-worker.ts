/** The worker thread of `executable-hash.ts`: reads open descriptors and answers with SHA-256. */

import { createHash } from 'node:crypto'
import { readSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'

export type HashAnswer =
  | { readonly id: number; readonly sha256: string }
  | { readonly id: number; readonly problem: string }

const chunk = Buffer.alloc(1 << 20)

parentPort?.on('message', ({ id, descriptor }: { id: number; descriptor: number }) => {
  parentPort?.postMessage(answer(id, descriptor))
})

function answer(id: number, descriptor: number): HashAnswer {
  try {
    const hash = createHash('sha256')
    // By position, so that descriptors of one file do not move each other.
    for (let at = 0; ; ) {
      const read = readSync(descriptor, chunk, 0, chunk.length, at)
      if (read === 0) return { id, sha256: hash.digest('hex') }
      hash.update(chunk.subarray(0, read))
      at += read
    }
  } catch (error) {
    return { id, problem: error instanceof Error ? error.message : String(error) }
  }
}
