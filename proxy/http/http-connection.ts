/**
 * HTTP/1.1 requests, one after another, over one connection that was made and judged elsewhere.
 *
 * Each connection has an agent of its own that knows only its socket: a request can go nowhere else,
 * and when the socket is gone the request fails instead of moving to a new one. Nothing is retried.
 */

import { Agent, type ClientRequest, request } from 'node:http'
import type { Socket } from 'node:net'

export interface RequestLine {
  readonly method: string
  /** Path and query as they go on the wire. */
  readonly target: string
  /** Flat list of names and values, Host included. */
  readonly fields: readonly string[]
}

export class HttpConnection {
  readonly #socket: Socket
  readonly #agent: OneSocketAgent
  readonly #maxHeaderBytes: number
  #idle: (() => void) | undefined

  constructor(socket: Socket, maxHeaderBytes: number) {
    this.#socket = socket
    this.#maxHeaderBytes = maxHeaderBytes
    this.#agent = new OneSocketAgent(socket, () => {
      this.#idle?.()
    })
    socket.setNoDelay(true)
    socket.on('error', () => {
      socket.destroy()
    })
  }

  /** Whether another request can be sent: open, and nothing came that nobody asked for. */
  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable && this.#socket.readableLength === 0
  }

  onClosed(closed: () => void): void {
    if (this.#socket.destroyed) closed()
    else this.#socket.once('close', closed)
  }

  /** Runs `idle` each time a request is over and the connection can take another one. */
  onIdle(idle: () => void): void {
    this.#idle = idle
  }

  /** Begins a request; the caller writes the body and ends it. */
  request({ method, target, fields }: RequestLine): ClientRequest {
    const outgoing = request({
      agent: this.#agent,
      host: 'connection',
      method,
      path: target,
      headers: [...fields],
      setHost: false,
      insecureHTTPParser: false,
      maxHeaderSize: this.#maxHeaderBytes,
    })
    outgoing.maxHeadersCount = 0
    return outgoing
  }

  destroy(): void {
    this.#socket.destroy()
    this.#agent.destroy()
  }
}

class OneSocketAgent extends Agent {
  #socket: Socket | undefined
  readonly #idle: () => void

  constructor(socket: Socket, idle: () => void) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 })
    this.#socket = socket
    this.#idle = idle
  }

  override createConnection(): Socket {
    const socket = this.#socket
    if (socket === undefined) throw new Error('the connection is gone')
    this.#socket = undefined
    return socket
  }

  override keepSocketAlive(socket: Socket): ReturnType<Agent['keepSocketAlive']> {
    // Not within this call: the agent has not filed the socket as free yet.
    setImmediate(this.#idle)
    return super.keepSocketAlive(socket)
  }
}
