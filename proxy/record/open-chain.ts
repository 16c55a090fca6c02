/**
 * Takes up the chain that the last writer of a directory had in hand, or starts a new one.
 *
 * A chain is continued when its end can be vouched for: the same writer, the same boot of the
 * machine (what was written then survives even kill -9), and last records that hold. An unfinished
 * last line was never acknowledged: it is cut off, and a `resume` record says how long it was.
 * Otherwise records may have been lost with their numbers given out, so a new chain starts and names
 * the old one's end; no decision id is ever given twice.
 */

import { chainRecord, genesisHead, openLine } from '../../audit/chain.ts'
import { ChainCursor } from '../../audit/cursor.ts'
import { type ChainId, chainIdBytes, makeChainId } from '../../audit/decision-id.ts'
import { type ChainEnd, type Position, type Sha256Hex, schemaVersion } from '../../audit/record.ts'
import { lastLines, lineAt } from '../../audit/record-bytes.ts'
import type { Clock } from '../../runtime/clock.ts'
import { hasCode } from '../../runtime/files.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { JournalLock } from './journal-lock.ts'
import { RecordFile } from './record-file.ts'

/** A chain whose `chain-start` or `resume` record has just been written. */
export interface OpenedChain {
  readonly chain: ChainId
  readonly file: RecordFile
  readonly nextSeq: number
  readonly head: Sha256Hex
}

export interface ChainOwner {
  readonly directory: string
  readonly writer: SpiffeId
  /** The kernel's boot id. */
  readonly boot: string
  readonly clock: Clock
  readonly randomBytes: (count: number) => Uint8Array
}

/** The lock is held by the caller and stays so. */
export function openChain(owner: ChainOwner, lock: JournalLock): OpenedChain {
  const inHand = lock.chainInHand()
  if (inHand === undefined) return startChain(owner, lock)
  const old = openIfThere(owner.directory, inHand.chain)
  if (old === undefined)
    return startChain(owner, lock, { chain: inHand.chain, nextSeq: 0, head: genesisHead })

  const end = soundEnd(old)
  if (end !== undefined && inHand.boot === owner.boot && writerOf(old) === owner.writer)
    return resumeChain(owner, { chain: inHand.chain, file: old, ...end })
  const { nextSeq, head } = end ?? lastGood(old)
  old.close()
  return startChain(owner, lock, { chain: inHand.chain, nextSeq, head })
}

function resumeChain(owner: ChainOwner, found: OpenedChain & End): OpenedChain {
  const { chain, file, nextSeq, head, offset } = found
  const cutBytes = file.size - offset
  if (cutBytes > 0) file.cut(offset)
  const link = chainRecord({ ...position(owner, nextSeq), kind: 'resume', cutBytes }, head)
  file.append(link.line)
  return { chain, file, nextSeq: nextSeq + 1, head: link.hash }
}

function startChain(owner: ChainOwner, lock: JournalLock, previous?: ChainEnd): OpenedChain {
  const chain = makeChainId(owner.randomBytes(chainIdBytes))
  const start = { ...position(owner, 0), kind: 'chain-start', chain, writer: owner.writer } as const
  const link = chainRecord(previous === undefined ? start : { ...start, previous }, genesisHead)
  const file = RecordFile.create(owner.directory, chain, link.line)
  lock.note({ chain, boot: owner.boot })
  return { chain, file, nextSeq: 1, head: link.hash }
}

function position(owner: ChainOwner, seq: number): Position {
  return { schema: schemaVersion, seq, time: owner.clock.now().toISOString() }
}

interface End {
  readonly nextSeq: number
  readonly head: Sha256Hex
  /** Where the last complete record ends. */
  readonly offset: number
}

/** The end of the file, if its last record holds; undefined also for a file without any. */
function soundEnd(file: RecordFile): End | undefined {
  const { lines, end } = lastLines(file, 2)
  const opened = lines.map((line) => openLine(line.text))
  const last = opened.at(-1)
  const before = opened.length === 2 ? opened[0] : undefined
  if (last === undefined || 'fault' in last) return undefined
  if (before !== undefined && 'fault' in before) return undefined
  if (!last.follows(before?.hash ?? genesisHead)) return undefined
  return { nextSeq: last.record.seq + 1, head: last.hash, offset: end }
}

/** The last record that holds, found from the beginning: rare, and slow in proportion to the file. */
function lastGood(file: RecordFile): { readonly nextSeq: number; readonly head: Sha256Hex } {
  const cursor = new ChainCursor()
  for (let line = lineAt(file, 0); line !== undefined; line = lineAt(file, line.end)) {
    if ('fault' in cursor.take(line.text)) break
  }
  return cursor
}

function writerOf(file: RecordFile): SpiffeId | undefined {
  const line = lineAt(file, 0)
  const opened = line === undefined ? undefined : openLine(line.text)
  if (opened === undefined || 'fault' in opened) return undefined
  return opened.record.kind === 'chain-start' ? opened.record.writer : undefined
}

function openIfThere(directory: string, chain: ChainId): RecordFile | undefined {
  try {
    return RecordFile.open(directory, chain)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}
