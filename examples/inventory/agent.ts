/**
 * An agent, written with the official MCP client and nothing of Countersign.
 *
 *     node agent.js URL|SOCKET
 *
 * It calls every tool that the inventory server has, as one that was told to would, and prints one
 * line of JSON: what it was shown, and how each call ended.
 */

import { request } from 'node:http'
import { Readable } from 'node:stream'
import { Client, type FetchLike, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

const plan: readonly { name: string; arguments: Record<string, unknown> }[] = [
  { name: 'get_inventory', arguments: {} },
  { name: 'get_schema', arguments: {} },
  { name: 'update_stock', arguments: { item: 'apples', quantity: 99 } },
  { name: 'drop_table', arguments: {} },
]

const [target] = process.argv.slice(2)
if (target === undefined) throw new Error('usage: agent.js URL|SOCKET')

const client = new Client({ name: 'demo-agent', version: '1.0.0' })
process.stdout.write(`${JSON.stringify(await work(target))}\n`)
process.exit(0)

async function work(where: string) {
  const results: Record<string, string> = {}
  try {
    const url = new URL(where.startsWith('/') ? 'http://localhost/mcp' : where)
    const overSocket = where.startsWith('/') ? { fetch: fetchOver(where) } : {}
    await client.connect(new StreamableHTTPClientTransport(url, overSocket))
    const { tools } = await client.listTools()
    for (const call of plan) results[call.name] = await outcome(call)
    return { shown: tools.map(({ name }) => name), results }
  } catch (error) {
    return { shown: [], results: { connect: describe(error) } }
  }
}

async function outcome(call: (typeof plan)[number]): Promise<string> {
  try {
    const answer = await client.callTool(call)
    return answer.isError === true ? 'tool error' : 'ok'
  } catch (error) {
    return describe(error)
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const data = 'data' in error ? error.data : undefined
  const decision =
    typeof data === 'object' && data !== null && 'decisionId' in data
      ? ` decision ${String(data.decisionId)}`
      : ''
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return `${error.message}${cause}${decision}`
}

/** HTTP over a Unix socket: what an agent that broke out would use to go straight to the server. */
function fetchOver(path: string): FetchLike {
  return async (input, init) =>
    await new Promise<Response>((resolve, reject) => {
      const url = new URL(input)
      const sent = request(
        {
          socketPath: path,
          path: url.pathname,
          method: init?.method ?? 'GET',
          headers: Object.fromEntries(new Headers(init?.headers)),
        },
        (answer) => {
          const headers = new Headers()
          for (const [name, value] of Object.entries(answer.headers))
            headers.set(name, String(value))
          const status = answer.statusCode ?? 500
          const empty = status === 202 || status === 204
          const body = empty ? null : (Readable.toWeb(answer) as ReadableStream)
          resolve(new Response(body, { status, headers }))
        },
      )
      sent.on('error', reject)
      sent.end(typeof init?.body === 'string' ? init.body : undefined)
    })
}
