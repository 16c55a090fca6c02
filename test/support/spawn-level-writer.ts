/** Starts `level-writer.ts` in a process of its own. */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import path from 'node:path'
import type { Readable } from 'node:stream'

export interface LevelWriterOptions {
  /** Command that runs the one after it, such as a shell that sets a limit first. */
  readonly wrapper?: readonly string[]
  /** Commits under way at a time; four unless told. */
  readonly concurrency?: number
  /** Commits in all; without end unless told. */
  readonly commits?: number
}

export function spawnLevelWriter(
  folder: string,
  { wrapper = [], concurrency = 4, commits = Number.POSITIVE_INFINITY }: LevelWriterOptions = {},
): ChildProcessByStdio<null, Readable, null> {
  const extension = path.extname(import.meta.filename)
  const script = path.join(import.meta.dirname, `level-writer${extension}`)
  const loader = extension === '.ts' ? ['--import', 'tsx'] : []
  const node = [process.execPath, ...loader, script, folder, `${concurrency}`, `${commits}`]
  const [command = '', ...rest] = [...wrapper, ...node]
  return spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
}
