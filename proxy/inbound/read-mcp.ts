/**
 * Third stage on an MCP route: one message, read whole and strictly. What is decided on is what is
 * sent on: the canonical message, with header fields written from it. MCP Streamable HTTP;
 * DESIGN.md section 5.
 */

import { type McpCall, TOOL_CALL } from '../../policy/call.ts'
import { JsonObject } from '../../spiffe/json/value.ts'
import { writeJson } from '../../spiffe/json/write.ts'
import { type Denied, deny, isDenied, type Known } from '../denied.ts'
import { forwardedFields } from '../http/forwarded-fields.ts'
import { type HeaderFields, only } from '../http/header-fields.ts'
import { readBody } from '../http/read-body.ts'
import type { RequestHead } from '../http/request-head.ts'
import { agree, mcpFields, type Spoken } from '../mcp/header-agreement.ts'
import { type RpcMessage, readMessage } from '../mcp/message.ts'
import type { RpcId } from '../mcp/rpc-id.ts'
import type { BodyStream } from './body-stream.ts'
import type { Routed } from './route.ts'
import type { McpService } from './service.ts'

/** Longest tool name; MCP recommends 128 at most. */
const maxToolNameLength = 1024

/** Fields that the message answers for, or that end here. */
const ownFields: ReadonlySet<string> = new Set([
  'accept-encoding',
  'content-encoding',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'origin',
])

/** Reads the message of a POST; other HTTP methods are not served yet. */
export async function readMcp(
  routed: Routed<McpService>,
  body: BodyStream,
): Promise<ReadMcp | Denied> {
  const { head, service, caller } = routed
  const refused = refuseHead(head, service)
  if (refused !== undefined) return refused
  body.begin()
  const { maxMessageBytes, messageTimeoutMs } = service.limits
  const limits = { maxBytes: maxMessageBytes, timeoutMs: messageTimeoutMs }
  const bytes = await readBody(body.stream, limits)
  if (isDenied(bytes)) return bytes
  const message = readMessage(bytes, maxMessageBytes)
  if (isDenied(message)) return message
  const tool = readTool(message)
  if (isDenied(tool)) return { ...tool, ...knownOf(message, undefined) }
  const known = knownOf(message, tool.name)
  const spoken = agree(head.fields, message, tool.name)
  if (isDenied(spoken)) return { ...spoken, ...known }
  const sessionId = spoken.era === 'legacy' ? only(head.fields, 'mcp-session-id') : undefined
  if (sessionId !== undefined && !service.sessions.isOwnedBy(sessionId, caller.id))
    return deny('session-unknown', 'no session of this caller', known)
  return new ReadMcp(routed, { message, tool: tool.name, spoken, sessionId })
}

interface Parts {
  readonly message: RpcMessage
  readonly tool: string | undefined
  readonly spoken: Spoken
  readonly sessionId: string | undefined
}

/** A message of a caller that can be decided on. Exported as a type only: only `readMcp` makes one. */
class ReadMcp {
  readonly #routed: Routed<McpService>
  readonly #parts: Parts
  readonly #call: McpCall
  #body: Uint8Array | undefined

  constructor(routed: Routed<McpService>, parts: Parts) {
    this.#routed = routed
    this.#parts = parts
    const { message, tool } = parts
    const isNotification = message.id === undefined
    const call = { kind: 'mcp', method: message.method, isNotification } as const
    this.#call = tool === undefined ? call : { ...call, tool }
  }

  get routed(): Routed<McpService> {
    return this.#routed
  }

  get call(): McpCall {
    return this.#call
  }

  get id(): RpcId | undefined {
    return this.#parts.message.id
  }

  get known(): Known {
    return knownOf(this.#parts.message, this.#parts.tool)
  }

  get target(): string {
    return this.#routed.service.path
  }

  /** The canonical message: the only bytes that may go upstream. */
  get body(): Uint8Array {
    this.#body ??= writeJson(this.#parts.message.value)
    return this.#body
  }

  /** The same: it was read whole before the decision. */
  get decidedBody(): Uint8Array {
    return this.body
  }

  get isBodyDone(): boolean {
    return true
  }

  get fields(): Map<string, readonly string[]> {
    const { message, tool, spoken, sessionId } = this.#parts
    const fields = forwardedFields(this.#routed.head.fields)
    for (const name of ownFields) fields.delete(name)
    fields.set('content-type', ['application/json'])
    for (const [name, value] of mcpFields(spoken, message, tool)) fields.set(name, [value])
    if (sessionId !== undefined) fields.set('mcp-session-id', [sessionId])
    return fields
  }
}

export type { ReadMcp }

function refuseHead(head: RequestHead, { limits }: McpService): Denied | undefined {
  if (head.method !== 'POST') return deny('http-method-not-supported', head.method)
  const problem = mediaProblem(head.fields)
  if (problem !== undefined) return deny('content-type-not-supported', problem)
  const encoding = only(head.fields, 'content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    return deny('content-encoding-not-supported', encoding.slice(0, 64))
  if ((head.bodyBytes ?? 0) > limits.maxMessageBytes)
    return deny('body-too-large', `${head.bodyBytes} bytes declared`)
  return undefined
}

const jsonMedia =
  /^application\/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*(?:"utf-8"|utf-8)[ \t]*)?$/i

function mediaProblem(fields: HeaderFields): string | undefined {
  const media = only(fields, 'content-type')
  if (media === undefined) return 'no Content-Type'
  return jsonMedia.test(media) ? undefined : `Content-Type ${media.slice(0, 128)}`
}

function readTool({ method, params }: RpcMessage): { readonly name: string | undefined } | Denied {
  if (method !== TOOL_CALL) return { name: undefined }
  const name = params?.get('name')
  if (typeof name !== 'string' || name === '' || name.length > maxToolNameLength)
    return deny('message-invalid', 'params.name is no tool name')
  const toolArguments = params?.get('arguments')
  if (toolArguments !== undefined && !(toolArguments instanceof JsonObject))
    return deny('message-invalid', 'params.arguments is no object')
  return { name }
}

function knownOf({ method, id }: RpcMessage, tool: string | undefined): Known {
  const mcp = { method, isNotification: id === undefined, ...(tool === undefined ? {} : { tool }) }
  return id === undefined ? { mcp } : { mcp, rpcId: id }
}
