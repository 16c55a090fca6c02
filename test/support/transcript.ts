/**
 * Transcripts of the command line: commands as they are typed, and below each what it answered.
 *
 *     $ countersign policy get nope
 *     2> no policies: every call is denied
 *
 *     $ countersign server entry delete -entryID nope
 *     2> Failed to delete entry with ID nope (code: NotFound, msg: "entry not found")
 *     => 1
 *
 * Each command is a process of its own. Lines of standard error begin with `2> `; the exit code is
 * said where it is not 0; line ends at the end of a stream do not count. `<name>` stands for a known
 * value, `<name:kind>` for any text of this kind, which is then known by that name. Behind `<<` is
 * the standard input, and `NAME=value` before the command is its environment.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { asUser, nodeCommand, type RunAs } from './running-program.ts'

/** What a placeholder may stand for. */
const kinds = {
  uuid: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  time: String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC`,
  seconds: String.raw`\d{10}`,
  number: String.raw`\d+`,
  duration: String.raw`[\d.]+(?:µs|ms|s)`,
  hex: '[0-9a-f]+',
  base64: '[A-Za-z0-9+/=]+',
  line: '[^\n]*',
  lines: '[^]*?',
} as const

interface Step {
  readonly command: string
  readonly out: string
  readonly err: string
  readonly code: number
}

interface Answer {
  readonly out: string
  readonly err: string
  readonly code: number | null
}

export class Transcript {
  readonly #values: Map<string, string>
  readonly #as: RunAs | undefined

  constructor(values: Readonly<Record<string, string>> = {}, as?: RunAs) {
    this.#values = new Map(Object.entries(values))
    this.#as = as
  }

  /** Runs the commands of a script one after the other and holds each answer against what it says. */
  async play(script: string): Promise<void> {
    for (const step of stepsOf(script)) {
      const answer = await this.#run(this.#filled(step.command))
      const said = [
        this.#asWritten(step.out, answer.out),
        this.#asWritten(step.err, answer.err),
        answer.code,
      ]
      assert.deepEqual(said, [step.out, step.err, step.code], `$ ${step.command}`)
    }
  }

  /** A value that a placeholder stood for. */
  value(name: string): string {
    return this.#values.get(name) ?? assert.fail(`nothing is known as ${name}`)
  }

  async #run(line: string): Promise<Answer> {
    const [typed = '', input = ''] = line.split(' << ', 2)
    const words = wordsOf(typed)
    const start = words.findIndex((word) => !/^[A-Z_]+=/.test(word))
    const given = words.slice(0, start).map((word): [string, string] => {
      const equals = word.indexOf('=')
      return [word.slice(0, equals), word.slice(equals + 1)]
    })
    assert.equal(words[start], 'countersign')
    const command = programOf(words.slice(start + 1))
    const [program = '', ...argv] = this.#as === undefined ? command : asUser(command, this.#as)
    const child = spawn(program, argv, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...Object.fromEntries(given) },
    })
    const exited: Promise<[number | null]> = once(child, 'close').then(([code]) => [code])
    // A program that does not read its input may be gone before all of it is written.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exited])
    return { out: out.trimEnd(), err: err.trimEnd(), code }
  }

  #filled(line: string): string {
    return line.replace(/<(\w+)>/g, (_all, name: string) => this.value(name))
  }

  /** The expected text where the actual one fits it, else the actual one. */
  #asWritten(expected: string, actual: string): string {
    const names: string[] = []
    const pattern = expected
      .split(/(<\w*(?::\w+)?>)/)
      .map((part) => {
        const [, name = '', kind] = /^<(\w*)(?::(\w+))?>$/.exec(part) ?? []
        if (kind !== undefined && isKind(kind)) {
          names.push(name)
          return `(${kinds[kind]})`
        }
        return quoted(name === '' ? part : (this.#values.get(name) ?? part))
      })
      .join('')
    const found = new RegExp(`^${pattern}$`).exec(actual)
    if (found === null) return actual
    for (const [at, name] of names.entries())
      if (name !== '') this.#values.set(name, found[at + 1] ?? '')
    return expected
  }
}

/** The program that `bin/countersign` starts for these words, and its own words. */
function programOf(words: readonly string[]): string[] {
  const [daemon, verb] = words
  const isDaemon =
    /^(?:server|agent|proxy)$/.test(daemon ?? '') && /^(?:run|validate)$/.test(verb ?? '')
  return isDaemon
    ? [...nodeCommand(`${daemon}/main`), ...words.slice(1)]
    : [...nodeCommand('clients/cli/main'), ...words]
}

function stepsOf(script: string): Step[] {
  return script
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...lines] = part.split('\n')
      const code = lines.find((line) => line.startsWith('=> '))
      const said = lines.filter((line) => line !== code)
      const err = said.filter((line) => /^2>(?: |$)/.test(line)).map((line) => line.slice(3))
      const out = said.filter((line) => !/^2>(?: |$)/.test(line))
      return {
        command,
        out: out.join('\n').trimEnd(),
        err: err.join('\n').trimEnd(),
        code: Number(code?.slice(3) ?? 0),
      }
    })
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  )
}

function isKind(name: string): name is keyof typeof kinds {
  return Object.hasOwn(kinds, name)
}

function quoted(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}
