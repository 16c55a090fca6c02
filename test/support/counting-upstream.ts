/** An app that answers anything and keeps what it was asked. */

import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SeenRequest {
  readonly method: string
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
}

export class CountingUpstream {
  readonly #server: Server
  #seen: SeenRequest[] = []

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        const { method = '', url = '', headers, rawHeaders } = request
        this.#seen.push({ method, target: url, headers, rawHeaders, body })
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(answerTo(body))
      })
    })
  }

  static async open(): Promise<CountingUpstream> {
    const upstream = new CountingUpstream()
    await new Promise<void>((resolve) => {
      upstream.#server.listen(0, '127.0.0.1', resolve)
    })
    return upstream
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** What came since the last call. */
  take(): readonly SeenRequest[] {
    const seen = this.#seen
    this.#seen = []
    return seen
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

/** A JSON-RPC result for the same id, where there is one; the tools of the vectors. */
function answerTo(body: string): string {
  const id = /"id":("[^"]*"|\d+)/.exec(body)?.[1] ?? 'null'
  const tools = ['get_weather', 'math.add', 'read_file', 'db/query', 'delete_all']
  const list = tools.map((name) => ({ name, inputSchema: { type: 'object' } }))
  const result = body.includes('"tools/list"') ? { tools: list } : { content: [] }
  return `{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}`
}
