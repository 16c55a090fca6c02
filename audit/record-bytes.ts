/**
 * Reading a chain file from its end or from its middle. Lines are short and numbered, so the end
 * takes one read and any record a few dozen, however large the file.
 */

import { genesisHead, maxLineBytes, openLine } from './chain.ts'
import type { AuditRecord } from './record.ts'

/** Random access to a file's bytes. */
export interface RecordBytes {
  readonly size: number
  /** These bytes, all of them. */
  read(offset: number, length: number): Buffer
}

export interface Line {
  /** Without its line end. */
  readonly text: string
  readonly offset: number
  /** Offset of the line after it. */
  readonly end: number
}

export interface FileEnd {
  /** The last complete lines, in their order. */
  readonly lines: readonly Line[]
  /** Where the last complete line ends; what is behind it was never finished. */
  readonly end: number
}

/** The last `count` complete lines; fewer when the file has fewer or one is over the limit. */
export function lastLines(bytes: RecordBytes, count: number): FileEnd {
  const end = lineStart(bytes, bytes.size)
  const lines: Line[] = []
  let at = end ?? 0
  while (at > 0 && lines.length < count) {
    const start = lineStart(bytes, at - 1)
    if (start === undefined) break
    lines.push(lineOf(bytes, start, at))
    at = start
  }
  return { lines: lines.reverse(), end: end ?? 0 }
}

/** The complete line that begins at `offset`; undefined at the end or when it is over the limit. */
export function lineAt(bytes: RecordBytes, offset: number): Line | undefined {
  const most = Math.min(maxLineBytes + 1, bytes.size - offset)
  for (let from = 0; from < most; from += stepBytes) {
    const found = bytes.read(offset + from, Math.min(stepBytes, most - from)).indexOf(newline)
    if (found !== -1) return lineOf(bytes, offset, offset + from + found + 1)
  }
  return undefined
}

export interface FoundRecord {
  readonly record: AuditRecord
  readonly line: Line
  /** Whether its hash follows from its content and the record before it. */
  readonly holds: boolean
}

/**
 * The record with this number, or the one after it when the number is missing, as in a gap.
 * Undefined when the chain is shorter, or cannot be read on the way there.
 */
export function findRecord(bytes: RecordBytes, seq: number): FoundRecord | undefined {
  let low = 0
  let high = lastLines(bytes, 0).end
  // Both stay at line starts, with the wanted line not before `low` and not after `high`.
  while (low < high) {
    const start = lineStart(bytes, Math.floor((low + high) / 2))
    const line = start === undefined ? undefined : lineAt(bytes, start)
    const opened = line === undefined ? undefined : openLine(line.text)
    if (line === undefined || opened === undefined || 'fault' in opened) return undefined
    if (opened.record.seq >= seq) high = line.offset
    else low = line.end
  }
  const line = lineAt(bytes, low)
  const opened = line === undefined ? undefined : openLine(line.text)
  if (line === undefined || opened === undefined || 'fault' in opened) return undefined
  return { record: opened.record, line, holds: opened.follows(hashBefore(bytes, low)) }
}

const stepBytes = 16 * 1024
const newline = 0x0a

function hashBefore(bytes: RecordBytes, offset: number): string {
  const start = offset === 0 ? undefined : lineStart(bytes, offset - 1)
  if (start === undefined) return genesisHead
  const opened = openLine(lineOf(bytes, start, offset).text)
  return 'fault' in opened ? '' : opened.hash
}

/** The last line start at or before `at`; undefined when there is none within a line's length. */
function lineStart(bytes: RecordBytes, at: number): number | undefined {
  const least = Math.max(0, at - maxLineBytes - 1)
  for (let to = at; to > least; to -= stepBytes) {
    const from = Math.max(least, to - stepBytes)
    const found = bytes.read(from, to - from).lastIndexOf(newline)
    if (found !== -1) return from + found + 1
  }
  return least === 0 ? 0 : undefined
}

function lineOf(bytes: RecordBytes, offset: number, end: number): Line {
  return { text: bytes.read(offset, end - 1 - offset).toString('utf8'), offset, end }
}
