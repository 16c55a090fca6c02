/** Which chain files a command is to read: `-dir` and `-file`, each any number of times. */

import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { isChainId } from '../../../../audit/decision-id.ts'
import type { FlagSpec } from '../../../../runtime/flags.ts'
import { UsageError } from '../../command.ts'
import { unreadable } from './record-reader.ts'

export const recordFlags = {
  dir: {
    kind: 'list',
    help: "Record directory of a proxy, or the proxy's data_dir; may be repeated",
  },
  file: { kind: 'list', help: 'One file of a record; may be repeated' },
} as const satisfies Record<string, FlagSpec>

export interface RecordPlaces {
  readonly dir: readonly string[]
  readonly file: readonly string[]
}

/** All files, those of a directory in the order they were last written. @throws {UsageError} */
export async function recordFiles({ dir, file }: RecordPlaces): Promise<string[]> {
  if (dir.length + file.length === 0)
    throw new UsageError("a record is required: -dir DIR (the proxy's data_dir) or -file FILE")
  const inDirs = await Promise.all(dir.map(filesIn))
  return [...inDirs.flat(), ...file]
}

/** The directory that holds the files: the one that was named, or `record` in a data_dir. */
export async function recordDirectory(directory: string): Promise<string> {
  const inner = path.join(directory, 'record')
  const names = await list(directory)
  return names.includes('record') && !names.some(isChainFile) ? inner : directory
}

/** The name that a chain's file has. */
export function chainFileIn(directory: string, chain: string): string {
  return path.join(directory, `${chain}${suffix}`)
}

const suffix = '.jsonl'

async function filesIn(named: string): Promise<string[]> {
  const directory = await recordDirectory(named)
  const names = (await list(directory)).filter(isChainFile)
  if (names.length === 0) throw new UsageError(`${directory} holds no record`)
  const files = await Promise.all(
    names.map(async (name) => {
      const file = path.join(directory, name)
      return { file, written: (await stat(file)).mtimeMs }
    }),
  )
  return files.sort((a, b) => a.written - b.written).map(({ file }) => file)
}

function isChainFile(name: string): boolean {
  return name.endsWith(suffix) && isChainId(name.slice(0, -suffix.length))
}

async function list(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    throw unreadable(directory, error)
  }
}
