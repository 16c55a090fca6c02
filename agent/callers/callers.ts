/**
 * Who calls on one of the agent's Unix sockets, held from accept to close, and how much one user
 * may have open at a time.
 */

import type { Socket } from 'node:net'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import { Connections } from '../../runtime/grpc/connections.ts'
import type { GatedCall } from '../../runtime/grpc/handlers.ts'
import type { Logger } from '../../runtime/log.ts'
import { type Peer, peerOf } from '../../runtime/peer-credentials.ts'

/** The process at the other end of a connection. */
export interface Caller {
  readonly peer: Peer
  /** Ends the connection with all its calls. */
  disconnect(): void
}

/** Open at a time by one user; further connections are closed, further calls refused. */
export interface CallerLimits {
  readonly connectionsPerUid: number
  readonly callsPerUid: number
}

export const defaultCallerLimits = {
  connectionsPerUid: 2000,
  callsPerUid: 10_000,
} as const satisfies CallerLimits

export class Callers {
  readonly #connections = new Connections<Caller>()
  readonly #limits: CallerLimits
  readonly #log: Logger
  readonly #open = new CountByUid()
  readonly #calls = new CountByUid()

  constructor(log: Logger, limits: CallerLimits = defaultCallerLimits) {
    this.#log = log
    this.#limits = limits
  }

  /** How many connections are open. */
  get size(): number {
    return this.#connections.size
  }

  /** Holds the process that connected. @throws when the kernel does not say who it is. */
  accept(socket: Socket): void {
    const peer = this.#identify(socket)
    if (this.#open.of(peer.uid) >= this.#limits.connectionsPerUid) {
      peer.close()
      this.#log.warn({ uid: peer.uid }, 'A user has too many connections')
      throw new Failure('resource-exhausted', 'too many connections of one user')
    }
    this.#open.add(peer.uid)
    socket.once('close', () => {
      this.#open.remove(peer.uid)
      peer.close()
    })
    this.#connections.add(socket, {
      peer,
      disconnect: () => {
        socket.destroy()
      },
    })
  }

  /** @throws {Failure} `unavailable` for a call on a connection that is gone. */
  of(call: GatedCall): Caller {
    const caller = this.#connections.of(call)
    if (caller === undefined) throw new Failure('unavailable', 'workload attestation failed')
    return caller
  }

  /** Counts one call until the signal is aborted. @throws {Failure} `resource-exhausted` */
  occupy({ peer: { uid } }: Caller, signal: AbortSignal): void {
    if (signal.aborted) throw new Failure('cancelled', 'the call is over')
    if (this.#calls.of(uid) >= this.#limits.callsPerUid)
      throw new Failure('resource-exhausted', 'too many calls of one user are open')
    this.#calls.add(uid)
    signal.addEventListener('abort', () => this.#calls.remove(uid), { once: true })
  }

  #identify(socket: Socket): Peer {
    try {
      return peerOf(socket)
    } catch (error) {
      this.#log.warn({ reason: reasonOf(error) }, 'Cannot tell who connected')
      throw error
    }
  }
}

class CountByUid {
  readonly #counts = new Map<number, number>()

  of(uid: number): number {
    return this.#counts.get(uid) ?? 0
  }

  add(uid: number): void {
    this.#counts.set(uid, this.of(uid) + 1)
  }

  remove(uid: number): void {
    const left = this.of(uid) - 1
    if (left > 0) this.#counts.set(uid, left)
    else this.#counts.delete(uid)
  }
}
