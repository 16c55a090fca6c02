/** How the chains of one directory hang together: each names the end of the one it went on from. */

import type { ChainReport } from './verify.ts'

/** A chain whose end is not what its successor found, in one sentence. */
export interface LinkFault {
  readonly chain: string
  /** How many records are missing at the end of the chain that is named; 0 when none are. */
  readonly lost: number
  readonly message: string
}

/** Compares each chain's `previous` with that chain, where it is among the reports. */
export function linkFaults(reports: readonly ChainReport[]): LinkFault[] {
  const byChain = new Map(reports.map((report) => [report.chain, report]))
  return reports.flatMap(({ chain, previous }) => {
    const old = byChain.get(previous?.chain)
    if (chain === undefined || previous === undefined || old === undefined) return []
    if (old.nextSeq === previous.nextSeq && old.head === previous.head) return []
    const lost = Math.max(0, previous.nextSeq - old.nextSeq)
    const what =
      lost > 0
        ? `lost ${lost} records: chain ${chain} found it up to record ${previous.nextSeq - 1}`
        : `is not what chain ${chain} found when it went on from it`
    return [{ chain: previous.chain, lost, message: `chain ${previous.chain} ${what}` }]
  })
}

/** Chains that are named as the one before, and are not among the reports. */
export function absentChains(reports: readonly ChainReport[]): string[] {
  const here = new Set(reports.map((report) => report.chain))
  return reports.flatMap(({ previous }) =>
    previous === undefined || here.has(previous.chain) ? [] : [previous.chain],
  )
}
