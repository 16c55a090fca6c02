/** An app whose answers a test writes piece by piece. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export class OpenUpstream {
  readonly #server: Server
  readonly #asked: Asked[] = []
  #waiting: ((asked: Asked) => void)[] = []

  private constructor() {
    this.#server = createServer((request, response) => {
      const asked = { request, response }
      const next = this.#waiting.shift()
      if (next === undefined) this.#asked.push(asked)
      else next(asked)
    })
  }

  /** On a free port of 127.0.0.1, or on a Unix socket. */
  static async open(socketPath?: string): Promise<OpenUpstream> {
    const upstream = new OpenUpstream()
    await new Promise<void>((resolve) => {
      if (socketPath === undefined) upstream.#server.listen(0, '127.0.0.1', resolve)
      else upstream.#server.listen(socketPath, resolve)
    })
    return upstream
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The next request that comes, or has come. */
  async next(): Promise<Asked> {
    return (
      this.#asked.shift() ??
      (await new Promise<Asked>((resolve) => {
        this.#waiting.push(resolve)
      }))
    )
  }

  /** How many connections are open. */
  async connections(): Promise<number> {
    return await new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => {
        if (error === null) resolve(count)
        else reject(error)
      })
    })
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
    this.#server.closeAllConnections()
    await closed
  }
}
