/**
 * Checks the checksums of LevelDB's table files before it opens them.
 *
 * LevelDB reads tables without looking at their checksums, and its binding has no option for it; a
 * damaged one makes it abort the process in the middle of a compaction, which names no file. The
 * format is that of LevelDB's `doc/table_format.md`; the store writes its tables uncompressed.
 */

import path from 'node:path'
import { readFileIfThere } from '../../runtime/files.ts'
import { hasCrc } from './leveldb-crc.ts'
import { liveTables } from './leveldb-manifest.ts'
import { VarintReader } from './leveldb-varint.ts'

/** Tables have two megabytes, or as much as one commit wrote. */
const maxTableBytes = 1 << 30

const footerBytes = 48
const magic = Buffer.from('57fb808b247547db', 'hex')
/** Behind each block: its compression (0 for none) and its checksum. */
const trailerBytes = 5

/** The path of the first damaged table in a LevelDB folder; undefined when all are whole. One that is
 * missing LevelDB finds itself. */
export async function damagedTable(folder: string): Promise<string | undefined> {
  for (const name of await liveTables(folder)) {
    const file = path.join(folder, name)
    const bytes = await readFileIfThere(file, maxTableBytes)
    if (bytes !== undefined && !isWhole(bytes)) return file
  }
  return undefined
}

function isWhole(file: Buffer): boolean {
  try {
    const footer = file.subarray(file.length - footerBytes)
    if (!footer.subarray(-magic.length).equals(magic)) return false
    const handles = new VarintReader(footer)
    const metaIndex = readHandle(handles)
    const index = readHandle(handles)
    return (
      isBlockWhole(file, metaIndex) &&
      isBlockWhole(file, index) &&
      blocksOf(file.subarray(index.offset, index.offset + index.size)).every((block) =>
        isBlockWhole(file, block),
      )
    )
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

interface Handle {
  readonly offset: number
  readonly size: number
}

function readHandle(reader: VarintReader): Handle {
  return { offset: reader.varint(), size: reader.varint() }
}

function isBlockWhole(file: Buffer, { offset, size }: Handle): boolean {
  const end = offset + size
  if (end + trailerBytes > file.length - footerBytes) return false
  return file[end] === 0 && hasCrc(file, end + 1, offset, end + 1)
}

/** What an index block points to: entries of shared, own and value length, key and handle. */
function blocksOf(index: Buffer): Handle[] {
  const restarts = index.readUInt32LE(index.length - 4)
  const entries = new VarintReader(index.subarray(0, index.length - 4 * (restarts + 1)))
  const handles: Handle[] = []
  while (!entries.isAtEnd) {
    entries.varint()
    const keyBytes = entries.varint()
    const valueBytes = entries.varint()
    entries.bytes(keyBytes)
    handles.push(readHandle(new VarintReader(entries.bytes(valueBytes))))
  }
  return handles
}
