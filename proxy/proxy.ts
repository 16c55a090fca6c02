/**
 * A proxy, wired bottom up: the agent's streams, the apps, the listeners. What each part does is
 * said where it is; here is only who gets what, and in which order things end.
 */

import type { Clock } from '../runtime/clock.ts'
import { Lifetime } from '../runtime/lifetime.ts'
import type { Logger } from '../runtime/log.ts'
import { follow } from './agent/follow.ts'
import type { IdentifyDeps } from './agent/identified.ts'
import { LocalIdentities } from './agent/local-identity.ts'
import { Policies } from './agent/policies.ts'
import type { ProxyAgent } from './agent/proxy-agent.ts'
import { BundleSet } from './agent/trust.ts'
import type { InboundSettings, OutboundSettings, ProxySettings } from './config.ts'
import type { DecisionLog } from './decision-log.ts'
import { refuseBroken as refuseBrokenInbound } from './inbound/broken.ts'
import { InboundListener } from './inbound/listener.ts'
import { handleInbound } from './inbound/pipeline.ts'
import { hostPortText, type ListenAddress } from './listen-address.ts'
import { OpenExchanges } from './open-exchanges.ts'
import { refuseBroken as refuseBrokenOutbound } from './outbound/broken.ts'
import { OutboundListener } from './outbound/listener.ts'
import { PeerConnections } from './outbound/peer-connections.ts'
import { handleOutbound } from './outbound/pipeline.ts'
import { inboundService, outboundTarget } from './services.ts'
import { Upstream } from './upstream/upstream.ts'

export interface ProxyDeps {
  readonly agent: ProxyAgent
  readonly journal: DecisionLog
  readonly clock: Clock
  readonly log: Logger
}

/** What is open; in the order of the configuration. */
export interface RunningProxy {
  readonly inbound: readonly ListenAddress[]
  readonly outbound: readonly ListenAddress[]
  /** Accepts no more, lets open exchanges end until the signal is aborted, then cuts them. */
  close(grace: AbortSignal): Promise<void>
}

/** Opens every listener, or throws a Failure and leaves none open. */
export async function startProxy(settings: ProxySettings, deps: ProxyDeps): Promise<RunningProxy> {
  const proxy = new Wiring(settings, deps)
  try {
    return await proxy.start()
  } catch (error) {
    await proxy.close(AbortSignal.abort())
    throw error
  }
}

interface Closable {
  close(grace: AbortSignal): Promise<void>
}

class Wiring {
  readonly #settings: ProxySettings
  readonly #deps: ProxyDeps
  readonly #identify: IdentifyDeps
  readonly #nodeTrust = new BundleSet()
  readonly #policies: Policies
  readonly #exchanges: OpenExchanges
  readonly #lifetime = new Lifetime()
  readonly #listeners: Closable[] = []

  constructor(settings: ProxySettings, deps: ProxyDeps) {
    const { agent, clock, log } = deps
    this.#settings = settings
    this.#deps = deps
    this.#exchanges = this.#lifetime.own(new OpenExchanges(clock))
    const identities = new LocalIdentities(this.#nodeTrust, () => {
      this.#exchanges.recheck()
    })
    this.#identify = { agent, clock, identities }
    const apps = [...new Set(settings.inbound.map(({ app }) => app))]
    this.#policies = new Policies(apps, settings.trustDomain, log)
  }

  async start(): Promise<RunningProxy> {
    this.#followAgent()
    const inbound: ListenAddress[] = []
    for (const each of this.#settings.inbound) inbound.push(await this.#listenInbound(each))
    const outbound: ListenAddress[] = []
    for (const each of this.#settings.outbound) outbound.push(await this.#listenOutbound(each))
    this.#deps.log.info(
      { inbound: inbound.map(hostPortText), outbound: outbound.map(hostPortText) },
      'Starting proxy listeners',
    )
    return { inbound, outbound, close: (grace) => this.close(grace) }
  }

  async close(grace: AbortSignal): Promise<void> {
    const cut = (): void => {
      this.#exchanges.cutAll('shutdown')
    }
    grace.addEventListener('abort', cut, { once: true })
    if (grace.aborted) cut()
    await Promise.all(this.#listeners.map((listener) => listener.close(grace)))
    await this.#lifetime.close()
  }

  #followAgent(): void {
    const { agent, log } = this.#deps
    const { signal } = this.#lifetime
    const recheck = (): void => {
      this.#exchanges.recheck()
    }
    this.#policies.onChange(recheck)
    this.#nodeTrust.onChange(recheck)
    const bundles = follow(
      {
        what: 'bundles',
        open: (until) => agent.watchBundles(until),
        take: ({ bundles }) => {
          this.#nodeTrust.replace(bundles)
        },
        log,
      },
      signal,
    )
    const { apps } = this.#policies
    const policies =
      apps.length === 0
        ? undefined
        : follow(
            {
              what: 'policies',
              open: (until) => agent.watchPolicies(apps, until),
              take: (message, isFirst) => {
                this.#policies.take(message, isFirst)
              },
              log,
            },
            signal,
          )
    this.#lifetime.defer(async () => {
      await Promise.all([bundles, policies])
    })
  }

  async #listenInbound(settings: InboundSettings): Promise<ListenAddress> {
    const { limits } = this.#settings
    const { clock, journal, log } = this.#deps
    const upstream = new Upstream(settings.app, settings.upstream, limits, {
      ...this.#identify,
      log,
    })
    this.#lifetime.own(upstream)
    const listener = new InboundListener({
      limits,
      upstream,
      clock,
      refused: (address, reason, detail) => {
        journal.countRefusal(address, reason)
        log.debug({ address, reason, detail }, 'Refused a connection')
      },
    })
    this.#listeners.push(listener)
    return await listener.listen(settings.listen, (bound) => {
      const service = inboundService(settings, bound, upstream, limits)
      const deps = {
        policies: this.#policies,
        exchanges: this.#exchanges,
        journal,
        clock,
        log,
      }
      return {
        request: (peer, request, response) => {
          void handleInbound({ peer, request, response, service }, deps)
        },
        broken: (peer, socket, error) => {
          void refuseBrokenInbound(peer, { socket, error }, service, deps)
        },
      }
    })
  }

  async #listenOutbound(settings: OutboundSettings): Promise<ListenAddress> {
    const { limits } = this.#settings
    const { clock, journal, log } = this.#deps
    const { app, address } = settings
    const peers = new PeerConnections({ app, address, limits, clock })
    this.#lifetime.own(peers)
    const listener = new OutboundListener({ limits, identify: this.#identify })
    this.#listeners.push(listener)
    return await listener.listen(settings.listen, (bound) => {
      const target = outboundTarget(settings, bound, peers, limits)
      const deps = {
        exchanges: this.#exchanges,
        journal,
        clock,
        log,
      }
      return {
        request: (caller, request, response) => {
          void handleOutbound({ caller, request, response, target }, deps)
        },
        broken: (caller, socket, error) => {
          void refuseBrokenOutbound(caller, { socket, error }, target, deps)
        },
      }
    })
  }
}
