/** Programs that the demo starts, each as who it is, and ends when it is over. */

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'

/** Who a program runs as: its own uid where the demo is root, its own executable where it is not. */
export interface Who {
  readonly executable: string
  /** Undefined without root: everything is one uid. */
  readonly ids?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] }
}

const running = new Set<ChildProcess>()

/** A program that stays; its output goes to `log`. */
export function start(who: Who, words: readonly string[], log: string): ChildProcess {
  const [command = '', ...rest] = [...asUser(who), who.executable, ...words]
  const output = openSync(log, 'a', 0o600)
  const child = spawn(command, rest, { stdio: ['ignore', output, output] })
  closeSync(output)
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** A program that ends; its exit code and what it printed. */
export async function run(
  who: Who,
  words: readonly string[],
  input = '',
): Promise<{ code: number; out: string; err: string }> {
  const [command = '', ...rest] = [...asUser(who), who.executable, ...words]
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  child.stdin.end(input)
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => {
      resolve(status ?? 1)
    })
  })
  return { code, out, err }
}

export async function stopAll(): Promise<void> {
  const ended = [...running].reverse().map(
    async (child) =>
      await new Promise<void>((resolve) => {
        const hard = setTimeout(() => child.kill('SIGKILL'), 5000)
        child.once('exit', () => {
          clearTimeout(hard)
          resolve()
        })
        child.kill('SIGTERM')
      }),
  )
  await Promise.all(ended)
}

/** Resolves once something accepts connections there. */
export async function listening(
  where: { path: string } | { host: string; port: number },
  child: ChildProcess,
  log: string,
): Promise<void> {
  await eventually(`${JSON.stringify(where)} is served`, child, log, async () => {
    return await new Promise<boolean>((resolve) => {
      const socket = connect(where)
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => {
        resolve(false)
      })
    })
  })
}

/** Resolves once the program has logged this, from the given length of the log on. */
export async function logged(
  text: string,
  child: ChildProcess,
  log: string,
  from = 0,
): Promise<void> {
  await eventually(`"${text}" is logged`, child, log, async () => {
    return await Promise.resolve(readFileSync(log, 'utf8').slice(from).includes(text))
  })
}

async function eventually(
  what: string,
  child: ChildProcess,
  log: string,
  happened: () => Promise<boolean>,
): Promise<void> {
  const end = Date.now() + 30_000
  while (!(await happened())) {
    if (child.exitCode !== null || Date.now() > end)
      throw new Error(`waited in vain until ${what}:\n${readFileSync(log, 'utf8').slice(-3000)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

function asUser({ ids }: Who): readonly string[] {
  if (ids === undefined) return []
  const groups = ids.groups.length > 0 ? [`--groups=${ids.groups.join(',')}`] : ['--clear-groups']
  return ['setpriv', `--reuid=${ids.uid}`, `--regid=${ids.gid}`, ...groups, '--']
}
