/**
 * HTTP/1.1 requests on connections that were accepted and judged elsewhere. The parser is Node's, in
 * its strict mode; what it refuses ends the connection.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Limits } from '../limits.ts'

export interface RequestHandlers<Context> {
  /** One request; to be answered. */
  readonly request: (context: Context, request: IncomingMessage, response: ServerResponse) => void
  /** Bytes that are no request, a request that did not arrive in time, CONNECT: close the socket. */
  readonly broken: (context: Context, socket: Socket, error: Error) => void
}

/** Requests that a caller may send ahead on one connection; nobody honest sends more than a few. */
const maxPipelined = 16

/** How often connections are checked against their time limits. */
const checkMs = 1000

export class RequestServer<Context> {
  readonly #server: Server
  readonly #contexts = new WeakMap<object, Context>()
  readonly #open = new WeakMap<Socket, number>()
  readonly #handlers: RequestHandlers<Context>

  constructor(limits: Limits, handlers: RequestHandlers<Context>) {
    this.#handlers = handlers
    this.#server = createServer({
      insecureHTTPParser: false,
      maxHeaderSize: limits.maxHeaderBytes,
      // Checked by us, so that the refusal is recorded.
      requireHostHeader: false,
      headersTimeout: limits.headerTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.idleTimeoutMs,
      connectionsCheckingInterval: checkMs,
    })
    // Beyond its limit Node drops fields in silence; ours is checked in readRequestFields.
    this.#server.maxHeadersCount = 0
    const take = (request: IncomingMessage, response: ServerResponse): void => {
      this.#take(request, response)
    }
    this.#server.on('request', take)
    this.#server.on('checkContinue', take)
    this.#server.on('checkExpectation', take)
    this.#server.on('clientError', (error, socket) => {
      this.#broken(socket, error)
    })
    this.#server.on('connect', (_request, socket) => {
      this.#broken(socket, new Error('CONNECT'))
    })
    // It accepts nothing itself, but only a listening server checks its connections' time limits.
    this.#server.emit('listening')
  }

  /** Serves requests on this connection from now on. */
  serve(socket: Socket, context: Context): void {
    this.#contexts.set(socket, context)
    this.#server.emit('connection', socket)
    socket.resume()
  }

  /** Idle connections are closed; the others after the answer that is under way. */
  close(): void {
    this.#server.close()
    this.#server.closeIdleConnections()
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const context = this.#contexts.get(socket)
    if (context === undefined) {
      socket.destroy()
      return
    }
    const open = (this.#open.get(socket) ?? 0) + 1
    if (open > maxPipelined) {
      socket.destroy()
      return
    }
    this.#open.set(socket, open)
    response.once('close', () => {
      this.#open.set(socket, (this.#open.get(socket) ?? 1) - 1)
    })
    // Whoever reads the body hears of errors; here they must only not go unheard.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    this.#handlers.request(context, request, response)
  }

  #broken(socket: unknown, error: Error): void {
    if (!isSocket(socket)) return
    const context = this.#contexts.get(socket)
    if (context === undefined) socket.destroy()
    else this.#handlers.broken(context, socket, error)
  }
}

function isSocket(value: unknown): value is Socket {
  return (
    typeof value === 'object' && value !== null && 'destroy' in value && 'remoteAddress' in value
  )
}
