/**
 * Eighth stage: what of the app's answer may go to the caller. Everything is streamed as it comes,
 * but for the answer to `tools/list`, which is read and filtered.
 */

import { Readable } from 'node:stream'
import type { CompiledPolicy } from '../../policy/compile.ts'
import { allowsTool } from '../../policy/decide.ts'
import { type Denied, deny, isDenied } from '../denied.ts'
import { returnedFields } from '../http/forwarded-fields.ts'
import { readAnswerFields } from '../http/header-fields.ts'
import { readBody } from '../http/read-body.ts'
import {
  filterListEvents,
  filterListMessage,
  type ListQuestion,
  UnreadableAnswerError,
} from '../mcp/list-answer.ts'
import type { ReadCall } from './decide.ts'
import type { Answer } from './forward.ts'
import type { ReadMcp } from './read-mcp.ts'

/** An answer that may be sent to the caller. */
export interface Answered {
  readonly status: number
  readonly fields: Map<string, readonly string[]>
  readonly body: Uint8Array | Readable
}

/** `policy` is asked for each tool when the list comes, not when it was asked for. */
export async function answerBody<Read extends ReadCall>(
  answer: Answer<Read>,
  policy: () => CompiledPolicy,
): Promise<Answered | Denied> {
  const { incoming, recorded } = answer
  const { read } = recorded.dialled.permit
  const status = incoming.statusCode ?? 502
  const fields = returnedFields(readAnswerFields(incoming.rawHeaders))
  if (!isMcpRead(read)) return { status, fields, body: incoming }
  const refused = bindSession(read, fields)
  const isList = read.call.method === 'tools/list' && status >= 200 && status < 300
  const answered =
    refused ??
    (isList ? await filtered(read, answer, fields, policy) : { status, fields, body: incoming })
  return isDenied(answered) ? { ...answered, decisionId: recorded.decisionId } : answered
}

function isMcpRead(read: ReadCall): read is ReadMcp {
  return read.call.kind === 'mcp'
}

/** A session is its caller's from the answer that names it first. */
function bindSession(
  { call, known, routed }: ReadMcp,
  fields: Map<string, readonly string[]>,
): Denied | undefined {
  const [sessionId, ...others] = fields.get('mcp-session-id') ?? []
  if (sessionId === undefined) return undefined
  const { caller, service } = routed
  if (call.method === 'initialize') {
    if (others.length === 0 && service.sessions.bind(sessionId, caller.id)) return undefined
    return deny('answer-unreadable', 'a session id that cannot be bound', known)
  }
  if (others.length > 0 || !service.sessions.isOwnedBy(sessionId, caller.id))
    fields.delete('mcp-session-id')
  return undefined
}

async function filtered(
  read: ReadMcp,
  { incoming }: Answer<ReadCall>,
  fields: Map<string, readonly string[]>,
  policy: () => CompiledPolicy,
): Promise<Answered | Denied> {
  const { id, known, routed } = read
  const { caller, service } = routed
  const unreadable = (detail: string): Denied => deny('answer-unreadable', detail, known)
  if (id === undefined) return unreadable('an answer to a notification')
  if (fields.has('content-encoding')) return unreadable('an encoded answer')
  const question: ListQuestion = {
    id,
    isAllowed: (tool) => allowsTool(policy(), caller.id, tool),
    maxBytes: service.limits.maxListBytes,
  }
  const status = incoming.statusCode ?? 502
  fields.delete('content-length')
  fields.set('cache-control', ['no-store'])
  const media = (incoming.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (media === 'text/event-stream') {
    fields.set('content-type', ['text/event-stream'])
    return { status, fields, body: Readable.from(filterListEvents(incoming, question)) }
  }
  if (media !== 'application/json') return unreadable('neither JSON nor events')
  const bytes = await readBody(incoming, {
    maxBytes: question.maxBytes,
    timeoutMs: service.limits.messageTimeoutMs,
  })
  if (isDenied(bytes)) return unreadable(bytes.detail)
  fields.set('content-type', ['application/json'])
  try {
    return { status, fields, body: filterListMessage(bytes, question) }
  } catch (error) {
    if (error instanceof UnreadableAnswerError) return unreadable(error.message)
    throw error
  }
}
