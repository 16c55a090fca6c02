/** Our connections as the agent is asked about them. */

import type { TcpConnection as WireTcp } from '../../proto/gen/countersign/agent/proxy/v1/TcpConnection.ts'
import type { UnixConnection as WireUnix } from '../../proto/gen/countersign/agent/proxy/v1/UnixConnection.ts'
import type { TcpConnection, UnixConnection } from '../../runtime/socket-facts.ts'

export function wireTcp({ local, remote, ...facts }: TcpConnection): WireTcp {
  return {
    localAddress: Buffer.from(local.address),
    localPort: local.port,
    remoteAddress: Buffer.from(remote.address),
    remotePort: remote.port,
    cookie: String(facts.cookie),
    establishedNs: String(facts.establishedNs),
    descriptor: facts.descriptor,
  }
}

export function wireUnix({ inode, ...facts }: UnixConnection): WireUnix {
  return {
    inode,
    cookie: String(facts.cookie),
    establishedNs: String(facts.establishedNs),
    descriptor: facts.descriptor,
  }
}
