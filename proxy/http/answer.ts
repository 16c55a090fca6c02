/** Answers to callers: what the app said, or why it was not asked. */

import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { JsonNumber } from '../../spiffe/json/number.ts'
import { JsonObject, type JsonValue } from '../../spiffe/json/value.ts'
import { writeJson } from '../../spiffe/json/write.ts'
import { type Denied, refusalOf } from '../denied.ts'
import { flatFields, type HeaderFields } from './header-fields.ts'

/** The header field that names the decision on each answer; lower case as all we write. */
export const decisionField = 'x-countersign-decision-id'

export interface AnswerHead {
  readonly status: number
  readonly fields: HeaderFields
}

export interface AnsweredTally {
  answerBytes: number
}

/** Sends head and body as they come; rejects when either side breaks off or the signal is aborted. */
export async function sendAnswer(
  response: ServerResponse,
  { status, fields, body }: AnswerHead & { readonly body: Uint8Array | Readable },
  tally: AnsweredTally,
  signal: AbortSignal,
): Promise<void> {
  if (body instanceof Uint8Array) {
    tally.answerBytes = body.length
    response.writeHead(status, [...flatFields(fields), 'content-length', String(body.length)])
    response.end(body)
    return
  }
  response.writeHead(status, flatFields(fields))
  // An event stream may say nothing for long; that it is open is news already.
  response.flushHeaders()
  body.on('data', (chunk: Buffer | string) => {
    tally.answerBytes += chunk.length
  })
  await streamed(body, response, signal)
}

/** Resolves when all of the body was written; otherwise destroys both sides and rejects. */
async function streamed(
  body: Readable,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error): void => {
      signal.removeEventListener('abort', cut)
      body.destroy()
      response.destroy()
      reject(cause)
    }
    const cut = (): void => {
      fail(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    }
    // A caller that goes away is seen by the owner of the signal.
    signal.addEventListener('abort', cut, { once: true })
    body.once('error', fail)
    response.once('error', fail)
    response.once('finish', () => {
      signal.removeEventListener('abort', cut)
      resolve()
    })
    if (signal.aborted) cut()
    else body.pipe(response)
  })
}

/** How a refusal is put: for a JSON-RPC client or any other. */
export interface RefusalForm {
  readonly protocol: 'mcp' | 'http'
  readonly decisionId: string
}

/** Answers a refused request, once; a caller that is gone hears nothing. */
export function sendRefusal(
  response: ServerResponse,
  denied: Denied,
  { protocol, decisionId }: RefusalForm,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const { status, fields, body } = refusalAnswer(denied, { protocol, decisionId })
  const length = ['content-length', String(body.length)]
  const ending = isBodyDoubtful(response, denied) ? ['connection', 'close'] : []
  response.writeHead(status, [...flatFields(fields), ...length, ...ending])
  response.end(body)
}

/** Whether nobody can say where the next request on the connection would begin. */
function isBodyDoubtful({ req }: ServerResponse, { denied }: Denied): boolean {
  return !req.complete && (denied === 'body-incomplete' || req.headers.expect !== undefined)
}

/** Status, fields and body of a refusal. */
export function refusalAnswer(
  denied: Denied,
  { protocol, decisionId }: RefusalForm,
): AnswerHead & { readonly body: Uint8Array } {
  const { status, mcpStatus = status } = refusalOf(denied.denied)
  const fields = new Map([[decisionField, [decisionId]]])
  if (denied.denied === 'http-method-not-supported') fields.set('allow', [allowed(protocol)])
  // A notification has no answer: what is not allowed is dropped, and the caller goes on.
  if (protocol === 'mcp' && mcpStatus === 200 && denied.mcp?.isNotification === true)
    return { status: 202, fields, body: Buffer.alloc(0) }
  fields.set('content-type', ['application/json'])
  fields.set('cache-control', ['no-store'])
  return protocol === 'mcp'
    ? { status: mcpStatus, fields, body: rpcError(denied, decisionId) }
    : { status, fields, body: httpError(denied, decisionId) }
}

function allowed(protocol: RefusalForm['protocol']): string {
  return protocol === 'mcp' ? 'POST' : 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT'
}

function rpcError({ denied, data = {}, rpcId }: Denied, decisionId: string): Uint8Array {
  const { rpcCode, message } = refusalOf(denied)
  const details: [string, JsonValue][] = Object.entries(data).map(([name, value]) => [
    name,
    json(value),
  ])
  const error = JsonObject.of([
    ['code', new JsonNumber(String(rpcCode))],
    ['message', message],
    ['data', JsonObject.of([['decisionId', decisionId], ['reason', denied], ...details])],
  ])
  return writeJson(
    JsonObject.of([
      ['jsonrpc', '2.0'],
      ['id', rpcId ?? null],
      ['error', error],
    ]),
  )
}

function httpError({ denied }: Denied, decisionId: string): Uint8Array {
  const { message } = refusalOf(denied)
  const error = JsonObject.of([
    ['reason', denied],
    ['message', message],
    ['decisionId', decisionId],
  ])
  return writeJson(JsonObject.of([['error', error]]))
}

function json(value: string | readonly string[]): JsonValue {
  return typeof value === 'string' ? value : [...value]
}
