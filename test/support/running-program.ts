/** A program of ours as a process of its own, from source or from dist as this file is. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const extension = extname(import.meta.filename)

/** The words that start a module of the repository, such as `agent/main`. */
export function nodeCommand(module: string): string[] {
  const file = fileURLToPath(new URL(`../../${module}${extension}`, import.meta.url))
  const loader = extension === '.ts' ? ['--import', import.meta.resolve('tsx')] : []
  return [process.execPath, ...loader, file]
}

export interface RunAs {
  readonly uid: number
  readonly gid: number
  /** Supplementary ones; none unless told. */
  readonly groups?: readonly number[]
}

export class RunningProgram {
  readonly child: ChildProcess
  /** What it wrote so far, both streams. */
  output = ''
  readonly exited: Promise<number | null>

  constructor(words: readonly string[], as?: RunAs) {
    const [command = '', ...rest] = as === undefined ? words : asUser(words, as)
    this.child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    this.exited = once(this.child, 'exit').then(() => this.child.exitCode)
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** Waits until `fits` says so of its output. */
  async untilOutput(fits: (output: string) => boolean, timeoutMs = 30_000): Promise<void> {
    const late = Date.now() + timeoutMs
    while (!fits(this.output)) {
      if (!this.isRunning || Date.now() > late)
        throw new Error(`what was waited for did not come; output:\n${this.output}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.isRunning) this.child.kill(signal)
    return await this.exited
  }
}

/** The words that start a program as somebody else, which only root may. */
export function asUser(words: readonly string[], { uid, gid, groups = [] }: RunAs): string[] {
  const supplementary = groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, supplementary, '--', ...words]
}
