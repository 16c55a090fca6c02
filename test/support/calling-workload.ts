/**
 * A workload as a process of its own that calls tools through an outbound listener, in plain HTTP and
 * without ever sending anything twice. Argument: the port.
 */

import { Agent, type IncomingMessage, request } from 'node:http'
import { loop } from '../../runtime/loop.ts'
import { type Given, obey } from './commanded.ts'

const [port = ''] = process.argv.slice(2)

const kept = new Agent({ keepAlive: true, maxSockets: 1 })
let calls = 0

interface Answer {
  /** 0 when there was none. */
  readonly status: number
  readonly text: string
}

const crowded: Agent[] = []
let load: { stop(): Promise<object> } | undefined
let following: { readonly ended: Promise<object> } | undefined

await obey({
  call: async (given) => await ask(toolOf(given), given['fresh'] === true ? undefined : kept),
  load: ({ perSecond, connections }) => {
    load = steadyLoad(Number(perSecond), Number(connections))
  },
  stop: async () => await load?.stop(),
  crowd: async ({ connections }) => await crowd(Number(connections)),
  follow: async (given) => await follow(toolOf(given)),
  followed: async () => await following?.ended,
})
process.exit(0)

function toolOf({ tool }: Given): string {
  return String(tool)
}

/** One call; without an agent on a connection of its own. */
async function ask(tool: string, agent: Agent | undefined): Promise<Answer> {
  return await new Promise((resolve) => {
    const fail = ({ message }: Error): void => {
      resolve({ status: 0, text: message })
    }
    const sent = post(tool, agent, (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, text })
      })
      answer.on('error', fail)
    })
    sent.on('error', fail)
  })
}

/** So many calls a second, begun on time whether those before are answered or not. */
function steadyLoad(perSecond: number, connections: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const began = performance.now()
  const open = new Set<Promise<void>>()
  const failures: string[] = []
  let sent = 0
  const one = async (): Promise<void> => {
    const { status, text } = await ask('get_inventory', agent)
    if (status !== 200 || !text.includes('"result"')) failures.push(`${status} ${text}`)
  }
  const ending = new AbortController()
  const begin = (): Promise<number> => {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond)
    for (; sent < due; sent++) {
      const call = one().finally(() => open.delete(call))
      open.add(call)
    }
    return Promise.resolve(5)
  }
  const begun = loop(begin, ending.signal)
  const stop = async (): Promise<object> => {
    ending.abort()
    await begun
    await Promise.all(open)
    agent.destroy()
    return { sent, failed: failures.length, failures: failures.slice(0, 20) }
  }
  return { stop }
}

/** One call over each of so many connections, the same ones each time. */
async function crowd(connections: number): Promise<object> {
  while (crowded.length < connections) crowded.push(new Agent({ keepAlive: true, maxSockets: 1 }))
  const failures: string[] = []
  const waiting = [...crowded]
  const worker = async (): Promise<void> => {
    for (let agent = waiting.pop(); agent !== undefined; agent = waiting.pop()) {
      const { status, text } = await ask('get_inventory', agent)
      if (status !== 200) failures.push(`${status} ${text}`)
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  return { sent: connections, failed: failures.length, failures: failures.slice(0, 20) }
}

/** Answers once the first bytes of the stream are here; `followed` tells how it ended. */
async function follow(tool: string): Promise<Answer> {
  return await new Promise((resolve) => {
    const fail = ({ message }: Error): void => {
      resolve({ status: 0, text: message })
    }
    const sent = post(tool, undefined, (answer) => {
      const ended = new Promise<object>((end) => {
        answer.once('close', () => {
          end({ complete: answer.complete, at: Date.now() })
        })
      })
      following = { ended }
      answer.on('error', () => undefined)
      answer.once('data', (chunk: Buffer) => {
        resolve({ status: answer.statusCode ?? 0, text: chunk.toString() })
        answer.resume()
      })
    })
    sent.on('error', fail)
  })
}

function post(tool: string, agent: Agent | undefined, answered: (answer: IncomingMessage) => void) {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  const where = { host: '127.0.0.1', port, path: '/mcp', method: 'POST' }
  const sent = request({ ...where, headers, agent: agent ?? false }, answered)
  const call = { jsonrpc: '2.0', id: ++calls, method: 'tools/call', params: { name: tool } }
  sent.end(JSON.stringify(call))
  return sent
}
