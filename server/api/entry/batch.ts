/** Batches of entry changes: each item stands for itself, some hundreds share one commit. */

import type { Transaction } from '../../datastore/collections/transaction.ts'

/** Items of one commit, well below what the store takes. */
const itemsPerCommit = 500

/** Most items of one call. */
export const maxBatchItems = 10_000

export type ItemRun<Result> = (transaction: Transaction) => Promise<Result>

/** Runs the items in order, chunk after chunk, each chunk by `commit`. */
export async function runInChunks<Result>(
  items: readonly ItemRun<Result>[],
  commit: (
    body: (transaction: Transaction) => Promise<readonly Result[]>,
  ) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let at = 0; at < items.length; at += itemsPerCommit) {
    const chunk = items.slice(at, at + itemsPerCommit)
    const done = await commit(async (transaction) => {
      const outcomes: Result[] = []
      for (const run of chunk) outcomes.push(await run(transaction))
      return outcomes
    })
    results.push(...done)
  }
  return results
}
