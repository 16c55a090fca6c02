/**
 * A plain HTTP/1.1 port on loopback for the processes of this node, one per app that they call.
 * Each connection waits, unread, until the agent has said which process made it.
 */

import type { Socket } from 'node:net'
import type { IdentifyDeps } from '../agent/identified.ts'
import { Acceptor } from '../http/acceptor.ts'
import { type RequestHandlers, RequestServer } from '../http/request-server.ts'
import type { Limits } from '../limits.ts'
import type { ListenAddress } from '../listen-address.ts'
import { identifyCaller, type LocalCaller } from './local-caller.ts'

export interface OutboundListenerOptions {
  readonly limits: Limits
  readonly identify: IdentifyDeps
}

export class OutboundListener {
  readonly #options: OutboundListenerOptions
  readonly #acceptor: Acceptor
  #requests: RequestServer<LocalCaller> | undefined
  readonly #ending = new AbortController()

  constructor(options: OutboundListenerOptions) {
    this.#options = options
    this.#acceptor = new Acceptor(options.limits.maxConnections, (socket) => {
      void this.#accept(socket)
    })
  }

  /** Begins to accept; what serves the requests is made once the address is known. */
  async listen(
    address: ListenAddress,
    handlers: (bound: ListenAddress) => RequestHandlers<LocalCaller>,
  ): Promise<ListenAddress> {
    const bound = await this.#acceptor.listen(address)
    this.#requests = new RequestServer(this.#options.limits, handlers(bound))
    return bound
  }

  /** Accepts no more, closes what is idle, waits for the rest until the signal is aborted. */
  async close(signal: AbortSignal): Promise<void> {
    this.#ending.abort()
    this.#requests?.close()
    await this.#acceptor.close(signal)
  }

  async #accept(socket: Socket): Promise<void> {
    const { limits, identify } = this.#options
    const patience = [this.#ending.signal, AbortSignal.timeout(limits.handshakeTimeoutMs)]
    const caller = await identifyCaller(socket, identify, AbortSignal.any(patience))
    if (socket.destroyed) caller.close()
    else {
      socket.once('close', () => {
        caller.close()
      })
      this.#requests?.serve(socket, caller)
    }
  }
}
