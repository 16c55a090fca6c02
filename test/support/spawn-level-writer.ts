/** Starts `level-writer.ts` in a process of its own. */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import path from 'node:path'
import type { Readable } from 'node:stream'

/** `wrapper` is a command that runs the one after it, such as a shell that sets a limit first. */
export function spawnLevelWriter(
  folder: string,
  wrapper: readonly string[] = [],
): ChildProcessByStdio<null, Readable, null> {
  const extension = path.extname(import.meta.filename)
  const script = path.join(import.meta.dirname, `level-writer${extension}`)
  const loader = extension === '.ts' ? ['--import', 'tsx'] : []
  const [command = '', ...rest] = [...wrapper, process.execPath, ...loader, script, folder]
  return spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
}
