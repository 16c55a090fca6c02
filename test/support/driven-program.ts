/** A program of `commanded.ts`, from the outside: as any user, given commands, each answered. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { asUser, type RunAs } from './running-program.ts'

const line = z.object({ id: z.number(), answer: z.unknown() })

export class DrivenProgram {
  readonly child: ChildProcess
  readonly exited: Promise<unknown>
  readonly #waiting = new Map<number, (answer: unknown) => void>()
  #complaints = ''
  #last = 0

  constructor(words: readonly string[], as: RunAs) {
    const [command = '', ...rest] = asUser(words, as)
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.child = child
    this.exited = once(child, 'exit')
    child.stdin.on('error', () => undefined)
    child.stderr.on('data', (chunk: Buffer) => {
      this.#complaints += chunk.toString()
    })
    createInterface({ input: child.stdout }).on('line', (text) => {
      const { id, answer } = line.parse(JSON.parse(text))
      this.#waiting.get(id)?.(answer)
      this.#waiting.delete(id)
    })
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  /** The answer to one command. Rejects when the program ends before. */
  async ask<T>(shape: z.ZodType<T>, what: string, given: object = {}): Promise<T> {
    const id = ++this.#last
    const answered = new Promise<unknown>((resolve) => this.#waiting.set(id, resolve))
    this.child.stdin?.write(`${JSON.stringify({ ...given, id, what })}\n`)
    const gone = this.exited.then(() => {
      throw new Error(`the program ended before it answered ${what}: ${this.#complaints}`)
    })
    return shape.parse(await Promise.race([answered, gone]))
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal)
    await this.exited
  }
}
