/**
 * A gRPC server over TLS whose peers are judged by us.
 *
 * OpenSSL is asked to verify nothing (`rejectUnauthorized: false`): `accept` sees the finished
 * handshake and decides before grpc-js sees the socket. Resumption is off, because a resumed session
 * would carry an old decision.
 */

import { constants } from 'node:crypto'
import { createServer, type SecureContextOptions, type TLSSocket } from 'node:tls'
import { type Server, ServerCredentials } from '@grpc/grpc-js'
import { Failure } from '../failure.ts'

export interface TlsServerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly grpc: Server
  /** Certificate chain and key, PEM or DER as `node:tls` takes them. */
  readonly identity: SecureContextOptions
  /** Registers the peer, with or without a certificate; throws to refuse the connection. */
  readonly accept: (socket: TLSSocket) => void
  readonly maxConnections?: number
  readonly handshakeTimeoutMs?: number
}

export interface TlsListening {
  readonly port: number
  /** New handshakes use this identity; open connections stay. */
  setIdentity(identity: SecureContextOptions): void
  close(): Promise<void>
}

/** What every TLS server of ours sets: no tickets, no resumption, no renegotiation, TLS 1.2 up. */
export const strictTls = {
  minVersion: 'TLSv1.2',
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES256-GCM-SHA384',
  ].join(':'),
} as const satisfies SecureContextOptions

export async function serveTls(options: TlsServerOptions): Promise<TlsListening> {
  const injector = options.grpc.createConnectionInjector(ServerCredentials.createInsecure())
  const sockets = new Set<TLSSocket>()
  const server = createServer({
    ...strictTls,
    ...options.identity,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    handshakeTimeout: options.handshakeTimeoutMs ?? 10_000,
  })
  server.maxConnections = options.maxConnections ?? 10_000
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {
      socket.destroy()
    })
    try {
      if (socket.isSessionReused()) throw new Failure('unauthenticated', 'resumed TLS session')
      if (socket.alpnProtocol !== 'h2') throw new Failure('protocol-error', 'no h2 by ALPN')
      options.accept(socket)
    } catch {
      // Refused; the acceptor has logged why, and the peer sees a closed connection.
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    injector.injectConnection(socket)
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', (cause: Error) => {
      const where = `${options.host}:${options.port}`
      reject(new Failure('unavailable', `cannot listen on ${where}: ${cause.message}`, { cause }))
    })
    server.listen(options.port, options.host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : options.port)
    })
  })
  return {
    port,
    setIdentity: (identity) => {
      server.setSecureContext({ ...strictTls, ...identity })
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
      })
      injector.destroy()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
