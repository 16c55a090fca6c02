/**
 * An app as a process of its own: answers every MCP call with the caller that the proxy named, and
 * counts what reached it. Argument: the Unix socket or the port (0 takes a free one) to listen on.
 *
 * The tool `follow` is answered by an event stream that stays open.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { obey } from './commanded.ts'

const [where = ''] = process.argv.slice(2)

const seen = { requests: 0, connections: 0, bytes: 0 }
const ran = new Map<string, number>()

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    seen.requests++
    reply(request, Buffer.concat(chunks).toString(), response)
  })
})
server.on('connection', (socket) => {
  seen.connections++
  socket.on('data', (chunk: Buffer) => {
    seen.bytes += chunk.length
  })
})
const isPort = /^\d+$/.test(where)
const listening = new Promise<void>((resolve) => {
  const options = isPort
    ? { port: Number(where), host: '127.0.0.1' }
    : { path: where, readableAll: true, writableAll: true }
  server.listen(options, resolve)
})
await obey({
  listening: async () => {
    await listening
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  },
  seen: () => ({ ...seen, ran: Object.fromEntries(ran) }),
})
process.exit(0)

function reply(request: IncomingMessage, body: string, response: ServerResponse): void {
  const { id, params } = readCall(body)
  const tool = params?.name ?? 'none'
  ran.set(tool, (ran.get(tool) ?? 0) + 1)
  const text = /URI=([^;]+)/.exec(String(request.headers['x-forwarded-client-cert']))?.[1] ?? ''
  const result = { content: [{ type: 'text', text }] }
  const message = JSON.stringify({ jsonrpc: '2.0', id: id ?? null, result })
  if (tool === 'follow') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const note = {
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: 1, progress: 1 },
    }
    response.write(`data: ${JSON.stringify(note)}\n\n`)
    return
  }
  const length = Buffer.byteLength(message)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': length })
  response.end(message)
}

interface Asked {
  readonly id?: number
  readonly params?: { readonly name?: string }
}

function readCall(body: string): Asked {
  return body === '' ? {} : (JSON.parse(body) as Asked)
}
