/**
 * The agent's connection to its server: one channel for all services, made anew when the agent's
 * SVID or its bundle changes. Calls that are under way finish on the channel they began on.
 */

import { isIP } from 'node:net'
import { Channel, type ChannelOptions } from '@grpc/grpc-js'
import type { WatchDefinition } from '../../proto/gen/countersign/server/watch/v1/Watch.ts'
import type { AgentDefinition } from '../../proto/gen/spire/api/server/agent/v1/Agent.ts'
import type { SVIDDefinition } from '../../proto/gen/spire/api/server/svid/v1/SVID.ts'
import { serviceDefinition } from '../../proto/services.ts'
import type { Clock } from '../../runtime/clock.ts'
import { GrpcClient } from '../../runtime/grpc/client.ts'
import { type ServerTrust, serverCredentials } from './server-credentials.ts'

export interface ServerAddress {
  /** A name or an address. */
  readonly host: string
  readonly port: number
}

/** The server's services that an agent calls. */
export interface ServerServices {
  readonly agent: GrpcClient<AgentDefinition>
  readonly svid: GrpcClient<SVIDDefinition>
  readonly watch: GrpcClient<WatchDefinition>
}

export class ServerLink {
  readonly #target: string
  readonly #clock: Clock
  #trust: ServerTrust
  #current: Connection | undefined
  #changed = new AbortController()
  #isClosed = false

  constructor(address: ServerAddress, trust: ServerTrust, clock: Clock) {
    const { host, port } = address
    this.#target = `dns:${isIP(host) === 6 ? `[${host}]` : host}:${port}`
    this.#clock = clock
    this.#trust = trust
  }

  get trust(): ServerTrust {
    return this.#trust
  }

  /**
   * Aborted when calls that began before should begin again: the identity is another one, or an
   * authority that may have vouched for the server is trusted no more.
   */
  get changed(): AbortSignal {
    return this.#changed.signal
  }

  /** From now on calls use this; `changed` tells those under way where they should not go on. */
  setTrust(trust: ServerTrust): void {
    const before = this.#trust
    this.#trust = trust
    this.#retire()
    const kept = new Set(
      trust.bundle.authorities.map(({ der }) => Buffer.from(der).toString('hex')),
    )
    const isDistrusting = before.bundle.authorities.some(
      ({ der }) => !kept.has(Buffer.from(der).toString('hex')),
    )
    if (before.identity === trust.identity && !isDistrusting) return
    this.#changed.abort()
    this.#changed = new AbortController()
  }

  /** Runs one call or stream; the channel stays open until it is over. */
  async use<T>(run: (services: ServerServices) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new TypeError('the link to the server is closed')
    this.#current ??= new Connection(this.#target, this.#trust, this.#clock)
    return await this.#current.use(run)
  }

  close(): void {
    this.#isClosed = true
    this.#changed.abort()
    this.#current?.close()
    this.#current = undefined
  }

  #retire(): void {
    this.#current?.retire()
    this.#current = undefined
  }
}

const channelOptions: ChannelOptions = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 5000,
  // A server that is gone without a word is noticed within half a minute.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // The name in the handshake only; whom we talk to is decided by SPIFFE ID.
  'grpc.ssl_target_name_override': 'spire-server',
}

/** One channel: closed once it is retired and its last call is over. */
class Connection {
  readonly #channel: Channel
  readonly #services: ServerServices
  #calls = 0
  #isRetired = false

  constructor(target: string, trust: ServerTrust, clock: Clock) {
    const channelCredentials = serverCredentials(trust, clock)
    this.#channel = new Channel(target, channelCredentials, channelOptions)
    const options = { channelOverride: this.#channel }
    this.#services = {
      agent: new GrpcClient(
        serviceDefinition<AgentDefinition>('spire.api.server.agent.v1.Agent'),
        target,
        channelCredentials,
        options,
      ),
      svid: new GrpcClient(
        serviceDefinition<SVIDDefinition>('spire.api.server.svid.v1.SVID'),
        target,
        channelCredentials,
        options,
      ),
      watch: new GrpcClient(
        serviceDefinition<WatchDefinition>('countersign.server.watch.v1.Watch'),
        target,
        channelCredentials,
        options,
      ),
    }
  }

  async use<T>(run: (services: ServerServices) => Promise<T>): Promise<T> {
    this.#calls++
    try {
      return await run(this.#services)
    } finally {
      this.#calls--
      this.#closeWhenUnused()
    }
  }

  retire(): void {
    this.#isRetired = true
    this.#closeWhenUnused()
  }

  close(): void {
    this.#channel.close()
  }

  #closeWhenUnused(): void {
    if (this.#isRetired && this.#calls === 0) this.#channel.close()
  }
}
