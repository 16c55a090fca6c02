/** The connection that a proxy asks about, from the wire. */

import type { IdentifyRequest__Output } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyRequest.ts'
import type { TcpConnection__Output } from '../../proto/gen/countersign/agent/proxy/v1/TcpConnection.ts'
import type { UnixConnection__Output } from '../../proto/gen/countersign/agent/proxy/v1/UnixConnection.ts'
import { Failure } from '../../runtime/failure.ts'
import type { TcpConnection, UnixConnection } from '../../runtime/socket-facts.ts'

export type NamedConnection =
  | { readonly kind: 'tcp-client' | 'tcp-upstream'; readonly tcp: TcpConnection }
  | { readonly kind: 'unix-upstream'; readonly unix: UnixConnection }

/** @throws {Failure} `invalid-argument` when no connection is named. */
export function connectionOf(request: IdentifyRequest__Output): NamedConnection {
  const { tcpClient, tcpUpstream, unixUpstream } = request
  if (tcpClient) return { kind: 'tcp-client', tcp: tcpOf(tcpClient) }
  if (tcpUpstream) return { kind: 'tcp-upstream', tcp: tcpOf(tcpUpstream) }
  if (unixUpstream) return { kind: 'unix-upstream', unix: unixOf(unixUpstream) }
  throw new Failure('invalid-argument', 'expected a connection')
}

function tcpOf(wire: TcpConnection__Output): TcpConnection {
  return {
    local: { address: wire.localAddress, port: wire.localPort },
    remote: { address: wire.remoteAddress, port: wire.remotePort },
    cookie: BigInt(wire.cookie),
    establishedNs: BigInt(wire.establishedNs),
    descriptor: wire.descriptor,
  }
}

function unixOf(wire: UnixConnection__Output): UnixConnection {
  return {
    inode: Number(wire.inode),
    cookie: BigInt(wire.cookie),
    establishedNs: BigInt(wire.establishedNs),
    descriptor: wire.descriptor,
  }
}
