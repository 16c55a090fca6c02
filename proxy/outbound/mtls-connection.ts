/**
 * A mutual TLS connection from a local identity to one app, whose peer proved to be exactly that app.
 * X509-SVID section 5; DESIGN.md section 4 (TLS).
 *
 * The peer is verified when the handshake is over and before any byte of a request is written. A
 * connection is used for new requests only while both SVIDs are well within their time, nothing newer
 * than our own is there, and a bundle vouches for the peer.
 */

import { connect, type TLSSocket } from 'node:tls'
import type { Clock } from '../../runtime/clock.ts'
import { SpiffeError } from '../../spiffe/spiffe-error.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { LocalIdentity } from '../agent/local-identity.ts'
import type { LocalSvid } from '../agent/local-svid.ts'
import type { Pooled } from '../http/connection-pool.ts'
import { HttpConnection } from '../http/http-connection.ts'
import type { Limits } from '../limits.ts'
import type { ListenAddress } from '../listen-address.ts'
import { alpnProtocol } from '../tls/rules.ts'
import { VerifiedPeer } from '../tls/verified-peer.ts'

/** Nobody there speaks TLS with us. */
export class PeerUnreachableError extends Error {}

/** Somebody answered who is not the app. */
export class PeerRefusedError extends Error {}

export interface Destination {
  readonly app: SpiffeId
  readonly address: ListenAddress
  readonly limits: Limits
  readonly clock: Clock
}

/** No new request in the last part of an SVID's time: clocks differ, and requests take a while. */
const lastPart = 0.1
const longestMarginMs = 30_000

export class MtlsConnection implements Pooled {
  readonly http: HttpConnection
  readonly peer: VerifiedPeer
  readonly #own: LocalSvid
  readonly #identity: LocalIdentity
  readonly #clock: Clock

  private constructor(
    socket: TLSSocket,
    peer: VerifiedPeer,
    identity: LocalIdentity,
    { limits, clock }: Destination,
  ) {
    this.http = new HttpConnection(socket, limits.maxHeaderBytes)
    this.peer = peer
    this.#own = identity.svid
    this.#identity = identity
    this.#clock = clock
  }

  /** @throws PeerUnreachableError or PeerRefusedError */
  static async open(
    identity: LocalIdentity,
    destination: Destination,
    signal: AbortSignal,
  ): Promise<MtlsConnection> {
    const { address, limits, app, clock } = destination
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(limits.connectTimeoutMs)])
    const { svid } = identity
    const socket = await connected(address, svid, deadline)
    try {
      if (socket.alpnProtocol !== alpnProtocol && socket.alpnProtocol !== false)
        throw new PeerRefusedError('the peer speaks another protocol')
      const peer = VerifiedPeer.of(socket, identity.trust, clock.now())
      if (peer.id !== app) throw new PeerRefusedError(`the peer is ${peer.id}`)
      return new MtlsConnection(socket, peer, identity, destination)
    } catch (error) {
      socket.destroy()
      throw error instanceof SpiffeError
        ? new PeerRefusedError(error.message, { cause: error })
        : error
    }
  }

  isFresh(): boolean {
    const now = this.#clock.now()
    return (
      this.#own === this.#identity.svid &&
      this.peer.isTrusted &&
      !isNearEnd(this.#own.leaf, now) &&
      !isNearEnd(this.peer.svid.leaf, now)
    )
  }

  close(): void {
    this.http.destroy()
  }
}

function isNearEnd(
  { notBefore, notAfter }: { readonly notBefore: Date; readonly notAfter: Date },
  now: Date,
): boolean {
  const lifetimeMs = notAfter.getTime() - notBefore.getTime()
  return now.getTime() >= notAfter.getTime() - Math.min(lifetimeMs * lastPart, longestMarginMs)
}

async function connected(
  { host, port }: ListenAddress,
  { secureContext }: LocalSvid,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const socket = connect({
    host,
    port,
    secureContext,
    rejectUnauthorized: false,
    ALPNProtocols: [alpnProtocol],
    servername: '',
  })
  return await new Promise<TLSSocket>((resolve, reject) => {
    const fail = (cause: unknown): void => {
      socket.destroy()
      reject(new PeerUnreachableError(`no TLS connection to port ${port}`, { cause }))
    }
    const late = (): void => {
      fail(signal.reason)
    }
    signal.addEventListener('abort', late, { once: true })
    // Stays: an error after the handshake closes the connection, and its holder sees that.
    socket.on('error', fail)
    socket.once('close', fail)
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', late)
      resolve(socket)
    })
  })
}
