/** A server in a process of its own, from source or from dist, like the test that starts it. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const isSource = import.meta.url.endsWith('.ts')
const main = fileURLToPath(new URL(`../../server/main.${isSource ? 'ts' : 'js'}`, import.meta.url))

/** The configuration of a server that keeps everything in `folder`, in a file there. */
export async function writeServerConfig(
  folder: string,
  server: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const file = path.join(folder, 'server.yaml')
  const config = {
    server: {
      trust_domain: 'example.org',
      bind_address: '127.0.0.1',
      bind_port: 0,
      socket_path: path.join(folder, 'private/api.sock'),
      data_dir: path.join(folder, 'data'),
      log_format: 'json',
      ratelimit: { attestation: false },
      ...server,
    },
    plugins: {
      DataStore: { level: {} },
      KeyManager: { disk: {} },
      NodeAttestor: { join_token: {} },
    },
  }
  await writeFile(file, JSON.stringify(config), { mode: 0o600 })
  return file
}

export class ServerProcess {
  readonly child: ChildProcess
  readonly logged: Record<string, unknown>[] = []

  private constructor(child: ChildProcess) {
    this.child = child
  }

  /** Resolves when both doors are open. */
  static async start(configFile: string): Promise<ServerProcess> {
    const node = isSource ? ['--import', 'tsx'] : []
    const child = spawn(process.execPath, [...node, main, 'run', '-config', configFile], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const started = new ServerProcess(child)
    await started.#opened()
    return started
  }

  /** Ends it with a signal; resolves with exit code and signal when it is gone. */
  async end(signal: NodeJS.Signals): Promise<readonly unknown[]> {
    const gone: Promise<readonly unknown[]> = once(this.child, 'exit')
    this.child.kill(signal)
    return await gone
  }

  async #opened(): Promise<void> {
    if (this.child.stdout === null) throw new Error('the log is not readable')
    const lines = createInterface({ input: this.child.stdout })
    await new Promise<void>((resolve, reject) => {
      let doors = 0
      lines.on('line', (line) => {
        const record: unknown = JSON.parse(line)
        if (typeof record !== 'object' || record === null) return
        this.logged.push({ ...record })
        if ('msg' in record && record.msg === 'Starting Server APIs' && ++doors === 2) resolve()
      })
      this.child.once('exit', (code) => {
        reject(new Error(`the server ended with code ${String(code)}`))
      })
    })
  }
}
