/** What a command reads from a file, or from standard input where the path is `-`. */

import { createReadStream } from 'node:fs'
import { hasCode } from '../../../runtime/files.ts'
import { type Io, UsageError } from '../command.ts'
import { readStream } from '../read-stream.ts'

const maxInputBytes = 64 << 20

/** @throws {UsageError} what cannot be read or is no JSON. */
export async function readJsonInput(path: string, io: Io): Promise<unknown> {
  const text = await readInput(path, io)
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    // The mark is the one Go's parser sets; what it found is ours to say.
    const why = error instanceof Error ? error.message : 'not JSON'
    throw new UsageError(`invalid character in JSON: ${why}`)
  }
}

/** The whole text, at most `maxBytes` of it. @throws {UsageError} */
export async function readInput(path: string, io: Io, maxBytes = maxInputBytes): Promise<string> {
  if (path === '-') return await io.readInput(maxBytes)
  try {
    return await readStream(createReadStream(path, { signal: io.signal }), path, maxBytes)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw new UsageError(`open ${path}: no such file or directory`)
    if (hasCode(error, 'ENOTDIR')) throw new UsageError(`open ${path}: not a directory`)
    if (hasCode(error, 'EACCES')) throw new UsageError(`open ${path}: permission denied`)
    if (hasCode(error, 'EISDIR')) throw new UsageError(`read ${path}: is a directory`)
    throw error
  }
}
