/**
 * An inventory MCP server, written with the official SDK and nothing of Countersign.
 *
 *     node mcp-server.js SOCKET STATE_FILE
 *
 * It listens on a Unix socket. After each tool call it writes how often each tool ran, and its data,
 * to STATE_FILE: that is what the demo believes, whatever a proxy answers. SIGHUP puts the data back.
 */

import { renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

const [socketPath, stateFile] = process.argv.slice(2)
if (socketPath === undefined || stateFile === undefined)
  throw new Error('usage: mcp-server.js SOCKET STATE_FILE')

const calls = { get_inventory: 0, get_schema: 0, update_stock: 0, drop_table: 0 }
let table: Map<string, number> | undefined

function seed(): void {
  table = new Map([
    ['apples', 120],
    ['pears', 45],
    ['quinces', 7],
  ])
  save()
}

function save(): void {
  const rows = table ? Object.fromEntries(table) : null
  writeFileSync(`${stateFile}.new`, JSON.stringify({ calls, rows }))
  renameSync(`${stateFile}.new`, stateFile ?? '')
}

function ran(tool: keyof typeof calls, text: string) {
  calls[tool]++
  save()
  return { content: [{ type: 'text' as const, text }] }
}

function inventory(): McpServer {
  const server = new McpServer({ name: 'inventory', version: '1.0.0' })
  server.registerTool('get_inventory', { description: 'What is in stock' }, () =>
    ran('get_inventory', JSON.stringify(table ? Object.fromEntries(table) : {})),
  )
  server.registerTool('get_schema', { description: 'The columns of the stock table' }, () =>
    ran('get_schema', 'stock(item text, quantity integer)'),
  )
  server.registerTool(
    'update_stock',
    {
      description: 'Set the quantity of an item',
      inputSchema: z.object({ item: z.string(), quantity: z.number().int() }),
    },
    ({ item, quantity }) => {
      table?.set(item, quantity)
      return ran('update_stock', `${item}: ${quantity}`)
    },
  )
  server.registerTool('drop_table', { description: 'Delete the stock table' }, () => {
    table = undefined
    return ran('drop_table', 'dropped')
  })
  return server
}

seed()
process.on('SIGHUP', seed)
const handle = toNodeHandler(createMcpHandler(inventory))
const server = createServer((request, response) => {
  const { method = 'GET', url = '/' } = request
  void handle(Object.assign(request, { method, url }), response)
})
server.listen(socketPath, () => {
  process.stdout.write('listening\n')
})
