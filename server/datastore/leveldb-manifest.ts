/**
 * Which table files a LevelDB store consists of, from its manifest; others in the folder are left
 * over from a process that was killed, and LevelDB removes them. Formats: LevelDB's
 * `doc/log_format.md` and the tags of its version edits.
 */

import path from 'node:path'
import { readFileIfThere } from '../../runtime/files.ts'
import { hasCrc } from './leveldb-crc.ts'
import { VarintReader } from './leveldb-varint.ts'

const blockBytes = 32 * 1024
const headerBytes = 7
/** A manifest is written anew at each start, and has a few lines for each table since. */
const maxManifestBytes = 256 << 20

/** Names of the tables in use. None when the manifest cannot be read: LevelDB then says so itself. */
export async function liveTables(folder: string): Promise<readonly string[]> {
  const current = await readFileIfThere(path.join(folder, 'CURRENT'))
  const name = current?.toString('latin1').trimEnd() ?? ''
  if (!/^MANIFEST-\d+$/.test(name)) return []
  const manifest = await readFileIfThere(path.join(folder, name), maxManifestBytes)
  if (manifest === undefined) return []
  try {
    const live = new Set<number>()
    for (const edit of recordsOf(manifest)) applyEdit(edit, live)
    return [...live].map((number) => `${String(number).padStart(6, '0')}.ldb`)
  } catch (error) {
    if (error instanceof RangeError) return []
    throw error
  }
}

/** The records of a log file, whose fragments fill blocks of a fixed size. */
function* recordsOf(log: Buffer): Generator<Buffer> {
  let parts: Buffer[] = []
  let at = 0
  while (at + headerBytes <= log.length) {
    const leftInBlock = blockBytes - (at % blockBytes)
    if (leftInBlock < headerBytes) {
      at += leftInBlock
      continue
    }
    const end = at + headerBytes + log.readUInt16LE(at + 4)
    const type = log.readUInt8(at + 6)
    if (end > log.length) return
    if (!hasCrc(log, at, at + 6, end)) throw new RangeError('a fragment is damaged')
    parts.push(log.subarray(at + headerBytes, end))
    if (type === fragment.full || type === fragment.last) {
      yield Buffer.concat(parts)
      parts = []
    }
    at = end
  }
}

const fragment = { full: 1, last: 4 } as const

const tag = {
  comparator: 1,
  logNumber: 2,
  nextFileNumber: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLogNumber: 9,
} as const

function applyEdit(edit: Buffer, live: Set<number>): void {
  const reader = new VarintReader(edit)
  while (!reader.isAtEnd) {
    switch (reader.varint()) {
      case tag.comparator:
        reader.string()
        break
      case tag.logNumber:
      case tag.nextFileNumber:
      case tag.lastSequence:
      case tag.previousLogNumber:
        reader.varint()
        break
      case tag.compactPointer:
        reader.varint()
        reader.string()
        break
      case tag.deletedFile:
        reader.varint()
        live.delete(reader.varint())
        break
      case tag.newFile:
        reader.varint()
        live.add(reader.varint())
        reader.varint()
        reader.string()
        reader.string()
        break
      default:
        throw new RangeError('an unknown tag')
    }
  }
}
