/**
 * The mutual TLS port of one App ID. X509-SVID section 5; DESIGN.md sections 4 and 5.
 *
 * OpenSSL is asked to verify nothing: when the handshake is over the peer's chain is verified here,
 * and only then does the HTTP parser see the connection. A connection that comes before the app was
 * ever attested waits for the SVID, and is closed if none comes.
 */

import type { Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { Clock } from '../../runtime/clock.ts'
import { reasonOf } from '../../runtime/failure.ts'
import type { LocalSvid } from '../agent/local-svid.ts'
import { Acceptor } from '../http/acceptor.ts'
import { type RequestHandlers, RequestServer } from '../http/request-server.ts'
import type { Limits } from '../limits.ts'
import type { ListenAddress } from '../listen-address.ts'
import { alpnProtocol, tlsRules } from '../tls/rules.ts'
import { VerifiedPeer } from '../tls/verified-peer.ts'
import type { Upstream } from '../upstream/upstream.ts'

export interface InboundListenerOptions {
  readonly limits: Limits
  readonly upstream: Upstream
  readonly clock: Clock
  /** A peer that was refused before it could ask anything. */
  readonly refused: (address: string, reason: ConnectionRefusal, detail: string) => void
}

/** Why a connection ended before its first request; the record counts these by address. */
export type ConnectionRefusal =
  | 'handshake-failed'
  | 'no-app-svid'
  | 'wrong-protocol'
  | 'unauthenticated'

export class InboundListener {
  readonly #options: InboundListenerOptions
  readonly #acceptor: Acceptor
  readonly #tls: TlsServer
  #requests: RequestServer<VerifiedPeer> | undefined
  readonly #ending = new AbortController()
  #svidInUse: LocalSvid | undefined

  constructor(options: InboundListenerOptions) {
    this.#options = options
    const { limits } = options
    this.#tls = createTlsServer({
      ...tlsRules,
      ca: [],
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: [alpnProtocol],
      handshakeTimeout: limits.handshakeTimeoutMs,
    })
    this.#tls.on('secureConnection', (socket) => {
      this.#admit(socket)
    })
    this.#tls.on('tlsClientError', (error, socket) => {
      this.#refuse(socket, 'handshake-failed', codeOf(error))
    })
    this.#acceptor = new Acceptor(limits.maxConnections, (socket) => {
      void this.#accept(socket)
    })
  }

  /** Begins to accept; what serves the requests is made once the address is known. */
  async listen(
    address: ListenAddress,
    handlers: (bound: ListenAddress) => RequestHandlers<VerifiedPeer>,
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
    const { limits, upstream, clock } = this.#options
    const patience = [this.#ending.signal, AbortSignal.timeout(limits.handshakeTimeoutMs)]
    const identity = upstream.identity ?? (await upstream.identified(AbortSignal.any(patience)))
    if (socket.destroyed) return
    if (identity === undefined || identity.svid.isExpired(clock.now())) {
      this.#refuse(socket, 'no-app-svid', 'the app has no X509-SVID')
      return
    }
    this.#use(identity.svid)
    this.#tls.emit('connection', socket)
  }

  /** The handshake that follows shows this SVID. */
  #use(svid: LocalSvid): void {
    if (this.#svidInUse === svid) return
    this.#tls.setSecureContext({ ...tlsRules, ca: [], ...svid.credentials })
    this.#svidInUse = svid
  }

  #admit(socket: TLSSocket): void {
    socket.on('error', () => {
      socket.destroy()
    })
    const { upstream, clock } = this.#options
    const { identity } = upstream
    if (identity === undefined) {
      this.#refuse(socket, 'no-app-svid', 'the app has no X509-SVID')
      return
    }
    if (socket.alpnProtocol !== alpnProtocol && socket.alpnProtocol !== false) {
      this.#refuse(socket, 'wrong-protocol', 'another application protocol')
      return
    }
    let peer: VerifiedPeer
    try {
      peer = VerifiedPeer.of(socket, identity.trust, clock.now())
    } catch (error) {
      this.#refuse(socket, 'unauthenticated', reasonOf(error))
      return
    }
    this.#requests?.serve(socket, peer)
  }

  #refuse(socket: Socket, reason: ConnectionRefusal, detail: string): void {
    this.#options.refused(socket.remoteAddress ?? 'unknown', reason, detail)
    socket.destroy()
  }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}
