/**
 * One request and its answer over a connection: sent as it is given, streamed both ways with
 * back-pressure, never retried, cut when the signal is aborted.
 */

import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { Failure } from '../../runtime/failure.ts'
import type { Lease, Pooled } from './connection-pool.ts'
import type { HeaderFields } from './header-fields.ts'
import { flatFields } from './header-fields.ts'

export interface OutgoingRequest {
  readonly method: string
  readonly target: string
  /** Without Host and framing. */
  readonly fields: HeaderFields
  readonly host: string
  readonly body: OutgoingBody
  /** Counts the bytes of the body as they are sent. */
  readonly tally: SentTally
}

export interface SentTally {
  requestBytes: number
}

/** Bytes that are there, or a stream with its length where it was declared. */
export type OutgoingBody =
  | Uint8Array
  | { readonly stream: Readable; readonly bytes: number | undefined }

export interface AnswerTimes {
  readonly answerTimeoutMs: number
}

/** Sends the request; resolves with the head of the answer. Throws a Failure when none comes. */
export async function exchange<Connection extends Pooled>(
  lease: Lease<Connection>,
  outgoing: OutgoingRequest,
  { answerTimeoutMs }: AnswerTimes,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  signal.throwIfAborted()
  const { method, target, host, body } = outgoing
  const fields = [...flatFields(outgoing.fields), 'host', host, ...framing(method, body)]
  const request = lease.connection.http.request({ method, target, fields })
  const discard = (): void => {
    lease.discard()
  }
  signal.addEventListener('abort', discard, { once: true })
  request.once('close', () => {
    signal.removeEventListener('abort', discard)
  })
  const head = answerHead(request, answerTimeoutMs)
  send(request, outgoing)
  try {
    const answer = await head
    // Whoever reads the answer hears of errors; one that comes late must not go unheard.
    answer.on('error', () => undefined)
    keepAsLongAs(answer, lease)
    return answer
  } catch (error) {
    lease.discard()
    signal.throwIfAborted()
    throw error
  }
}

function framing(method: string, body: OutgoingBody): string[] {
  const bytes = body instanceof Uint8Array ? body.length : body.bytes
  if (bytes === undefined) return ['transfer-encoding', 'chunked']
  if (bytes === 0 && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')) return []
  return ['content-length', String(bytes)]
}

function send(request: ClientRequest, { body, tally }: OutgoingRequest): void {
  if (body instanceof Uint8Array) {
    tally.requestBytes = body.length
    request.end(body)
  } else if (body.bytes === 0) request.end()
  else {
    body.stream.once('error', () => {
      request.destroy()
    })
    body.stream.on('data', (chunk: Buffer) => {
      tally.requestBytes += chunk.length
    })
    // The other side may refuse by the head alone, and must not wait for a slow caller's first byte.
    request.flushHeaders()
    body.stream.pipe(request)
  }
}

async function answerHead(request: ClientRequest, timeoutMs: number): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Failure('deadline-exceeded', `no answer in ${timeoutMs} ms`))
      request.destroy()
    }, timeoutMs)
    request.on('error', (cause) => {
      reject(new Failure('unavailable', cause.message, { cause }))
    })
    const closed = (): void => {
      clearTimeout(timer)
      reject(new Failure('unavailable', 'the connection was closed'))
    }
    request.once('close', closed)
    request.once('response', (answer) => {
      clearTimeout(timer)
      request.off('close', closed)
      resolve(answer)
    })
  })
}

/** A server that says how long it keeps idle connections closes them then: be a second earlier. */
function keepAsLongAs<Connection extends Pooled>(
  { headers }: IncomingMessage,
  lease: Lease<Connection>,
): void {
  const hint = String(headers['keep-alive'] ?? '')
  const seconds = /(?:^|[ ,;])timeout=(\d{1,6})/i.exec(hint)?.[1]
  if (seconds !== undefined) lease.keepFor(Math.max(0, Number(seconds) * 1000 - 1000))
}
