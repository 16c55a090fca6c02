/** MCP servers written with the official SDKs, as apps behind a proxy, each counting what ran. */

import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer as OldMcpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'

export interface McpApp {
  readonly address: string
  /** How often each tool ran. */
  readonly ran: ReadonlyMap<string, number>
  /** Sessions that were begun, where the server has sessions. */
  readonly sessions: () => number
  close(): Promise<void>
}

const tools = ['get_weather', 'delete_all', 'count'] as const

/** `@modelcontextprotocol/server` 2.x: the new revision, and the old ones without sessions. */
export async function modernApp(legacy: 'stateless' | 'reject' = 'stateless'): Promise<McpApp> {
  const ran = new Map<string, number>()
  const factory = (): McpServer => {
    const server = new McpServer(
      { name: 'modern', version: '1.0.0' },
      { capabilities: { logging: {} } },
    )
    for (const name of tools)
      server.registerTool(name, { description: name }, async (context) => {
        count(ran, name)
        if (name === 'count')
          for (const progress of [1, 2, 3]) {
            const params = { level: 'info', data: progress } as const
            await context.mcpReq.notify({ method: 'notifications/message', params })
          }
        return { content: [{ type: 'text' as const, text: name }] }
      })
    return server
  }
  const handle = toNodeHandler(createMcpHandler(factory, { legacy }))
  return await listen(
    ran,
    () => 0,
    (request, response) => {
      const { method = 'GET', url = '/' } = request
      void handle(Object.assign(request, { method, url }), response)
    },
  )
}

/** `@modelcontextprotocol/sdk` 1.x with sessions: the old revisions alone. */
export async function sessionApp(): Promise<McpApp> {
  const ran = new Map<string, number>()
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const answer: RequestListener = (request, response) => {
    void (async () => {
      const sessionId = request.headers['mcp-session-id']
      const known = typeof sessionId === 'string' ? transports.get(sessionId) : undefined
      if (known !== undefined) {
        await known.handleRequest(request, response)
        return
      }
      const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (id) => {
          transports.set(id, transport)
        },
      })
      await oldServer(ran).connect(transport)
      await transport.handleRequest(request, response)
    })()
  }
  return await listen(ran, () => transports.size, answer)
}

function oldServer(ran: Map<string, number>): OldMcpServer {
  const server = new OldMcpServer({ name: 'sessions', version: '1.0.0' })
  for (const name of tools)
    server.registerTool(name, { description: name }, () => {
      count(ran, name)
      return { content: [{ type: 'text' as const, text: name }] }
    })
  return server
}

function count(ran: Map<string, number>, name: string): void {
  ran.set(name, (ran.get(name) ?? 0) + 1)
}

async function listen(
  ran: ReadonlyMap<string, number>,
  sessions: () => number,
  answer: RequestListener,
): Promise<McpApp> {
  const server: Server = createServer(answer)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ran,
    sessions,
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
      })
      server.closeAllConnections()
      await closed
    },
  }
}
