/**
 * From a call back to its connection.
 *
 * grpc-js shows a handler no socket, only the text of its address. Each accepted socket therefore
 * gets an address that exists once, before grpc-js sees it, and calls are looked up by that.
 */

import type { Socket } from 'node:net'
import type { GatedCall } from './handlers.ts'

export class Connections<Connection> {
  readonly #byAddress = new Map<string, Connection>()
  #next = 0

  /** From now on calls on this socket are found; forgotten when it closes. */
  add(socket: Socket, connection: Connection): void {
    const address = `connection-${this.#next++}`
    Object.defineProperty(socket, 'remoteAddress', { value: address, configurable: false })
    Object.defineProperty(socket, 'remotePort', { value: undefined, configurable: false })
    this.#byAddress.set(address, connection)
    socket.once('close', () => {
      this.#byAddress.delete(address)
    })
  }

  /** Undefined for a call whose connection was not added or is gone: refuse it. */
  of(call: GatedCall): Connection | undefined {
    return this.#byAddress.get(call.getPeer())
  }

  get size(): number {
    return this.#byAddress.size
  }
}
