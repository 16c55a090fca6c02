/**
 * A connection to the app behind an inbound listener, with the processes at its other end attested.
 *
 * The connection is made, nothing is sent, and the agent is asked who accepted it; only when the
 * answer is the App ID may a request be written. docs/local-peers.md, TCP and Unix upstreams.
 */

import { connect, type Socket } from 'node:net'
import type { IdentifyRequest } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyRequest.ts'
import { Failure } from '../../runtime/failure.ts'
import { tcpConnectionOf, unixConnectionOf } from '../../runtime/socket-facts.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import { wireTcp, wireUnix } from '../agent/connection.ts'
import { type Identified, type IdentifyDeps, identify } from '../agent/identified.ts'
import type { Pooled } from '../http/connection-pool.ts'
import { HttpConnection } from '../http/http-connection.ts'
import type { Limits } from '../limits.ts'

/** Where an app listens. */
export type UpstreamAddress =
  | { readonly unix: string }
  | { readonly tcp: { readonly host: string; readonly port: number } }

/** Nobody accepts connections there. */
export class UpstreamUnreachableError extends Error {}

export class AttestedConnection implements Pooled {
  readonly http: HttpConnection
  readonly identified: Identified

  private constructor(socket: Socket, identified: Identified, limits: Limits) {
    this.http = new HttpConnection(socket, limits.maxHeaderBytes)
    this.identified = identified
    identified.ended.addEventListener('abort', () => {
      this.http.destroy()
    })
    this.http.onClosed(() => {
      identified.close()
    })
  }

  /**
   * Connects and has the other end attested as `app`.
   *
   * @throws UpstreamUnreachableError when nobody accepts the connection
   * @throws {Failure} when the agent does not say that it is the app
   */
  static async open(
    address: UpstreamAddress,
    app: SpiffeId,
    limits: Limits,
    deps: IdentifyDeps,
    signal: AbortSignal,
  ): Promise<AttestedConnection> {
    const beforeNs = process.hrtime.bigint()
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(limits.connectTimeoutMs)])
    const socket = await connected(address, deadline)
    try {
      const request = { ...question(socket, address, beforeNs), expectedSpiffeId: app }
      const identified = await identify(request, deps, deadline)
      if (identified.id !== app) {
        identified.close()
        throw new Failure('permission-denied', `the process is ${identified.id}`)
      }
      return new AttestedConnection(socket, identified, limits)
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  isFresh(): boolean {
    return !this.identified.ended.aborted
  }

  close(): void {
    this.http.destroy()
  }
}

function question(socket: Socket, address: UpstreamAddress, beforeNs: bigint): IdentifyRequest {
  return 'tcp' in address
    ? { tcpUpstream: wireTcp(tcpConnectionOf(socket)) }
    : { unixUpstream: wireUnix(unixConnectionOf(socket, beforeNs)) }
}

async function connected(address: UpstreamAddress, signal: AbortSignal): Promise<Socket> {
  const socket = connect('unix' in address ? { path: address.unix } : address.tcp)
  return await new Promise<Socket>((resolve, reject) => {
    const fail = (cause: unknown): void => {
      socket.destroy()
      reject(new UpstreamUnreachableError('nobody accepts connections', { cause }))
    }
    const late = (): void => {
      fail(signal.reason)
    }
    signal.addEventListener('abort', late, { once: true })
    // Stays: an error after the connection stands closes it, and whoever holds it sees that.
    socket.on('error', fail)
    socket.once('connect', () => {
      signal.removeEventListener('abort', late)
      resolve(socket)
    })
  })
}
