/** A TCP port whose connections are handed over unread, and all closed with it. */

import { createServer, type Server, type Socket } from 'node:net'
import { Failure } from '../../runtime/failure.ts'
import { hostPortText, type ListenAddress } from '../listen-address.ts'

export class Acceptor {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** `take` gets each connection paused: whoever it is handed to resumes it. */
  constructor(maxConnections: number, take: (socket: Socket) => void) {
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      socket.on('error', () => {
        socket.destroy()
      })
      take(socket)
    })
    this.#server.maxConnections = maxConnections
  }

  /** Begins to accept; resolves with the address, the port that was taken for 0 included. */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    const { host, port } = address
    return await new Promise((resolve, reject) => {
      this.#server.once('error', (cause) => {
        const text = `cannot listen on ${hostPortText(address)}: ${cause.message}`
        reject(new Failure('unavailable', text, { cause }))
      })
      this.#server.listen(port, host, () => {
        const bound = this.#server.address()
        resolve({ host, port: typeof bound === 'object' && bound !== null ? bound.port : port })
      })
    })
  }

  /** Accepts no more; resolves when every connection has ended, which aborting the signal enforces. */
  async close(signal: AbortSignal): Promise<void> {
    const cut = (): void => {
      for (const socket of this.#sockets) socket.destroy()
    }
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
    signal.addEventListener('abort', cut, { once: true })
    if (signal.aborted) cut()
    await closed
    signal.removeEventListener('abort', cut)
  }
}
