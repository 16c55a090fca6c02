/**
 * What the attack tests share: one process that is agent and proxy in one, programs that attack it,
 * and identities that name the program and the user, so that an answer can be held against what
 * the writer of the bytes said of itself.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import type { Socket } from 'node:net'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import type { LocalIdentity } from '../../../agent/local-peers/attribution.ts'
import type { Attributed } from '../../../agent/local-peers/local-peers.ts'
import type { Refused } from '../../../agent/local-peers/refusal.ts'
import type { Peer } from '../../../runtime/peer-credentials.ts'
import { projectFile } from '../../support/vectors.ts'

export const never = new AbortController().signal

/** Identity by program and user. */
export async function byProgram({ pid, uid }: Peer): Promise<LocalIdentity> {
  const key = `${basename(readlinkSync(`/proc/${pid}/exe`))}:${uid}`
  await aLittle()
  return { key, dependsOnExecutable: true }
}

/** Identity by user alone, as a deployment has it in which each workload has its own. */
export async function byUser(process: Peer): Promise<LocalIdentity> {
  return { ...(await byProgram(process)), dependsOnExecutable: false }
}

/** Lets an attacker act between two steps: up to three milliseconds. */
async function aLittle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 3))
}

/** How often an answer was right, wrong or refused. */
export class Tally {
  readonly wrong: string[] = []
  readonly refusals = new Map<string, number>()
  right = 0

  add(answer: Attributed<LocalIdentity> | Refused, truth: string): void {
    if (answer.kind === 'refused')
      this.refusals.set(answer.reason, (this.refusals.get(answer.reason) ?? 0) + 1)
    else if (answer.identity.key === truth) this.right++
    else this.wrong.push(`${answer.identity.key} was named, but it was ${truth}`)
  }

  get refused(): number {
    return [...this.refusals.values()].reduce((sum, count) => sum + count, 0)
  }

  get summary(): string {
    const why = [...this.refusals].map(([reason, count]) => `${reason} ${count}`).join(', ')
    return `right ${this.right}, wrong ${this.wrong.length}, refused ${this.refused} (${why})`
  }
}

/** A program of `attackers/` that is given commands, one at a time. */
export class Attacker {
  readonly #child
  readonly #lines

  constructor(program: string, ...args: readonly string[]) {
    const path = projectFile('test/e2e/local-peers/attackers', program)
    // In a process group of its own, which it may end as a whole.
    const stdio: ['pipe', 'pipe', 'inherit'] = ['pipe', 'pipe', 'inherit']
    this.#child = spawn('/usr/bin/python3', [path, ...args], { stdio, detached: true })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Resolves once the program says that it has begun. */
  async command(command: string): Promise<void> {
    this.#child.stdin.write(`${command}\n`)
    await this.said()
  }

  /** The next line that the program prints. */
  async said(): Promise<string> {
    const line = await this.#lines.next()
    if (line.done === true) throw new Error('the attacker has ended')
    return line.value
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async kill(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await closed
  }

  async close(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.stdin.end()
    await closed
  }
}

/** The first line that the other end wrote; empty when there is none. */
export async function firstLine(socket: Socket): Promise<string> {
  try {
    let text = ''
    for await (const chunk of socket) {
      text += String(chunk)
      if (text.includes('\n')) break
    }
    return text.split('\n', 1)[0] ?? ''
  } catch {
    // Reset by the other end.
    return ''
  }
}
