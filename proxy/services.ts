/** Configured listeners made into what their requests are served with. */

import { networkInterfaces } from 'node:os'
import type { InboundSettings, OutboundSettings } from './config.ts'
import { appNames, hostOf } from './http/app-names.ts'
import { type HostNames, hostOfAddress } from './http/host-names.ts'
import type { Service } from './inbound/service.ts'
import type { Limits } from './limits.ts'
import { hostPortText, isLoopback, type ListenAddress } from './listen-address.ts'
import { Sessions } from './mcp/sessions.ts'
import type { PeerConnections } from './outbound/peer-connections.ts'
import type { Target } from './outbound/target.ts'
import type { Upstream } from './upstream/upstream.ts'

/** `bound` is where the listener was found to listen. */
export function inboundService(
  settings: InboundSettings,
  bound: ListenAddress,
  upstream: Upstream,
  limits: Limits,
): Service {
  const { app, protocol, authorization, path, origins } = settings
  const names = [...appNames(app), ...settings.names, ...addressNames(bound)]
  const hosts: HostNames = {
    names: new Set(names),
    port: bound.port,
    origins: new Set(origins),
    scheme: 'https',
  }
  const route = `inbound ${hostPortText(bound)}`
  const common = { app, route, hosts, authorization, limits, upstream }
  return protocol === 'mcp'
    ? { ...common, protocol, path, sessions: new Sessions() }
    : { ...common, protocol }
}

export function outboundTarget(
  { app, address, origins }: OutboundSettings,
  bound: ListenAddress,
  peers: PeerConnections,
  limits: Limits,
): Target {
  return {
    app,
    route: `outbound ${hostPortText(bound)}`,
    hosts: {
      names: new Set(addressNames(bound)),
      port: bound.port,
      origins: new Set(origins),
      scheme: 'http',
    },
    host: hostOf(app, hostPortText(address)),
    limits,
    peers,
  }
}

/** What the address that was listened on may be called. */
function addressNames({ host }: ListenAddress): string[] {
  if (host === '0.0.0.0' || host === '::') {
    const own = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
    return ['localhost', ...own.map(({ address }) => hostOfAddress(address))]
  }
  const name = hostOfAddress(host.toLowerCase())
  return isLoopback({ host }) ? [name, 'localhost'] : [name]
}
