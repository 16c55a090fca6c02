/** What the programs of the end-to-end tests answer, and what can be read in it. */

import { z } from 'zod'
import type { DrivenProgram } from './driven-program.ts'

const answer = z.object({ status: z.number(), text: z.string() })
export type Answer = z.infer<typeof answer>

const seen = z.object({
  requests: z.number(),
  connections: z.number(),
  bytes: z.number(),
  ran: z.record(z.string(), z.number()),
})
export type Seen = z.infer<typeof seen>

const load = z.object({ sent: z.number(), failed: z.number(), failures: z.array(z.string()) })

const rpc = z.object({
  result: z.object({ content: z.array(z.object({ text: z.string() })) }).optional(),
  error: z
    .object({
      code: z.number(),
      message: z.string(),
      data: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
})

/** One call of a `calling-workload`. */
export async function call(
  caller: DrivenProgram,
  tool: string,
  connection: 'kept' | 'fresh' = 'kept',
): Promise<Answer> {
  return await caller.ask(answer, 'call', { tool, fresh: connection === 'fresh' })
}

/** Who the app was told the caller is; undefined when the call was not answered by it. */
export function callerIn({ status, text }: Answer): string | undefined {
  return status === 200 ? rpc.parse(JSON.parse(text)).result?.content[0]?.text : undefined
}

/** The JSON-RPC error of a refusal; undefined for a result. Throws for any other answer. */
export function errorIn({ status, text }: Answer) {
  const read = text.startsWith('{') ? rpc.safeParse(JSON.parse(text)) : undefined
  if (read?.success !== true) throw new Error(`no JSON-RPC answer but ${status}: ${text}`)
  return read.data.error
}

/**
 * The refusal that a caller gets once a change of policy is in force; undefined before. A call that
 * is on its way at that moment is cut.
 */
export async function policyRefusal(caller: DrivenProgram) {
  const answer = await call(caller, 'get_inventory')
  return answer.status === 502 ? undefined : errorIn(answer)
}

export async function seenBy(app: DrivenProgram): Promise<Seen> {
  return await app.ask(seen, 'seen')
}

export async function startLoad(
  caller: DrivenProgram,
  rate: { perSecond: number; connections: number },
) {
  await caller.ask(z.null(), 'load', rate)
}

export async function stopLoad(caller: DrivenProgram) {
  return await caller.ask(load, 'stop')
}

/** One call over each of many connections, which stay open for the next time. */
export async function callAsCrowd(caller: DrivenProgram, connections: number) {
  return await caller.ask(load, 'crowd', { connections })
}

/** Opens an event stream; resolves once its first event is here. */
export async function follow(caller: DrivenProgram, tool = 'follow'): Promise<Answer> {
  return await caller.ask(answer, 'follow', { tool })
}

/** Resolves when that stream has ended. */
export async function followed(caller: DrivenProgram) {
  return await caller.ask(z.object({ complete: z.boolean(), at: z.number() }), 'followed')
}
