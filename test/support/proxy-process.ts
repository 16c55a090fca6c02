/** A proxy as a process of its own, that can be killed and started again at the same place. */

import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type RunAs, RunningProgram } from './running-program.ts'

export interface ProxyProcessOptions {
  /** For what it keeps; made if it is not there. */
  readonly folder: string
  readonly as: RunAs
  /** What starts a proxy, without its configuration. */
  readonly words: readonly string[]
  /** The members of `proxy:` but its `data_dir` and listeners. */
  readonly common: object
  readonly kind: 'inbound' | 'outbound'
  /** Without `listen`: a free port, and the same again after a restart. */
  readonly listener: object
}

export class ProxyProcess {
  readonly #options: ProxyProcessOptions
  #program: RunningProgram
  #port = 0

  private constructor(options: ProxyProcessOptions) {
    this.#options = options
    this.#program = this.#spawn()
  }

  /** Resolves when it listens. */
  static async start(options: ProxyProcessOptions): Promise<ProxyProcess> {
    const data = path.join(options.folder, 'data')
    mkdirSync(data, { recursive: true })
    chownSync(data, options.as.uid, options.as.gid)
    const proxy = new ProxyProcess(options)
    await proxy.#listening()
    return proxy
  }

  get port(): number {
    return this.#port
  }

  get program(): RunningProgram {
    return this.#program
  }

  /** What `audit verify -dir` takes. */
  get dataFolder(): string {
    return path.join(this.#options.folder, 'data')
  }

  /** Starts it again after it has ended. */
  async restart(): Promise<void> {
    this.#program = this.#spawn()
    await this.#listening()
  }

  /** Resolves once this is logged, from the given length of its output on. */
  async logged(sentence: string, from = 0): Promise<void> {
    await this.#program.untilOutput((output) => output.slice(from).includes(`"msg":"${sentence}"`))
  }

  #spawn(): RunningProgram {
    const { folder, as, words, common, kind, listener } = this.#options
    const listen = `127.0.0.1:${this.#port}`
    const own = { data_dir: this.dataFolder, log_format: 'json', [kind]: [{ listen, ...listener }] }
    const file = path.join(folder, 'proxy.yaml')
    writeFileSync(file, JSON.stringify({ proxy: { ...common, ...own } }))
    return new RunningProgram([...words, 'run', '-config', file], as)
  }

  async #listening(): Promise<void> {
    await this.logged('Starting proxy listeners')
    const listening = /"(?:inbound|outbound)":\["127\.0\.0\.1:(\d+)"\]/.exec(this.#program.output)
    this.#port = Number(listening?.[1])
  }
}
