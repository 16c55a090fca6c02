/**
 * What a server consists of, put together bottom up: store, keys, CA, what is held in memory,
 * services, doors. It is closed in reverse order.
 */

import { AuthorizedEntries } from '../registration/authorized-entries.ts'
import type { Clock } from '../runtime/clock.ts'
import { Deadlines } from '../runtime/deadlines.ts'
import type { Lifetime } from '../runtime/lifetime.ts'
import type { Logger } from '../runtime/log.ts'
import { agentService } from './api/agent/service.ts'
import { bundleService } from './api/bundle/service.ts'
import { bundleHistoryService } from './api/bundle-history/service.ts'
import { commitSeen } from './api/commit.ts'
import { entryService } from './api/entry/service.ts'
import { healthService } from './api/health/service.ts'
import { policyService } from './api/policy/service.ts'
import { noRateLimit, rateLimit } from './api/rate-limit.ts'
import { svidService } from './api/svid/service.ts'
import { LiveStreams } from './api/watch/live-streams.ts'
import { PolicySources } from './api/watch/policy-sources.ts'
import { armRotationAlarm } from './api/watch/rotation-alarm.ts'
import { watchService } from './api/watch/service.ts'
import { usualTiming } from './api/watch/stream.ts'
import { activatePending } from './attestation/agent-records.ts'
import { bundleSource } from './bundle/bundle-source.ts'
import { CertificateAuthority } from './ca/certificate-authority.ts'
import { createSvidIssuer } from './ca/issue.ts'
import type { ServerSettings } from './config.ts'
import { agents } from './datastore/collections/agents.ts'
import { bundles } from './datastore/collections/bundles.ts'
import type { Collection } from './datastore/collections/collection.ts'
import { entries } from './datastore/collections/entries.ts'
import { Mirror } from './datastore/collections/mirror.ts'
import { appPolicies } from './datastore/collections/policies.ts'
import { type ListenerDeps, servePrivateSocket, serveTcp } from './endpoints/listeners.ts'
import { ServerSvid } from './endpoints/server-svid.ts'
import { pruneRegularly } from './pruning.ts'

/** What runs, until its lifetime is closed. */
export interface RunningServer {
  /** The one that was taken where the configuration says 0. */
  readonly port: number
}

/** Opens everything under `lifetime`; a part that fails later calls `fail`. */
export async function startServer(
  settings: ServerSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  lifetime: Lifetime,
  fail: (error: unknown) => void,
): Promise<RunningServer> {
  const { trustDomain, plugins, x509SvidTtlSeconds, agentTtlSeconds } = settings
  const deadlines = lifetime.own(new Deadlines(clock))
  const store = lifetime.own(await plugins.openDatastore(clock))
  const keys = lifetime.own(await plugins.openKeyManager())
  const caDeps = { store, keys, clock, deadlines, logger: log }
  const ca = lifetime.own(await CertificateAuthority.open(caDeps, settings.ca))
  const issuer = createSvidIssuer({ ca, store, clock })

  const follow = async <T>(collection: Collection<T>): Promise<Mirror<T>> =>
    lifetime.own(await Mirror.open(collection, { store, onFailure: fail }))
  const known = {
    entries: await follow(entries),
    agents: await follow(agents),
    bundles: await follow(bundles),
    policies: await follow(appPolicies),
  }
  const authorized = new AuthorizedEntries(trustDomain)
  for (const entry of known.entries.values()) authorized.apply({ before: undefined, after: entry })
  known.entries.events.on('change', (_revision, changes) => {
    for (const change of changes) authorized.apply(change)
  })

  const pruning = pruneRegularly({ ...known, trustDomain, store, clock, log }, lifetime.signal)
  lifetime.defer(() => pruning)

  const streams = new LiveStreams()
  const ending = lifetime.signal
  const deps = {
    ...known,
    trustDomain,
    store,
    clock,
    deadlines,
    log,
    ending,
    issuer,
    authorized,
    streams,
    sources: new PolicySources(store),
    random: Math.random,
    timing: usualTiming,
    nodeAttestors: plugins.nodeAttestors,
    x509SvidTtlSeconds,
    agentTtlSeconds,
    hasBundle: (name: typeof trustDomain) => known.bundles.get(name) !== undefined,
    attestationLimit: limitOf(settings.rateLimits.attestation, { perSecond: 1, burst: 1 }),
    totalAttestationLimit: limitOf(settings.rateLimits.attestation, { perSecond: 100, burst: 100 }),
    signingLimit: limitOf(settings.rateLimits.signing, { perSecond: 500, burst: 500 }),
  }
  const services = [
    agentService,
    entryService,
    svidService,
    bundleService,
    bundleHistoryService,
    policyService,
    watchService,
  ].map((make) => make(deps))
  const listenerDeps: ListenerDeps = {
    clock,
    agents: known.agents,
    entries: authorized,
    bundles: bundleSource(known.bundles),
    adminIds: settings.adminIds,
    activate: async (id, serial, actor) => {
      const activated = await commitSeen(
        deps,
        actor,
        (transaction) => activatePending(transaction, id, serial),
        (result) => (result?.wrote === true ? [known.agents] : []),
      )
      return activated?.node
    },
    log,
  }
  const svidDeps = { trustDomain, issuer, ttlSeconds: x509SvidTtlSeconds, clock, deadlines, log }
  const svid = lifetime.own(await ServerSvid.open(svidDeps))
  const bundleSequence = (): bigint => known.bundles.get(trustDomain)?.sequenceNumber ?? 0n
  ca.events.on('activated', () => {
    void svid.renew()
  })
  ca.events.on('prepared', (_authority, activateAt) => {
    armRotationAlarm({ streams, clock, deadlines, bundleSequence, log }, activateAt)
  })
  const tcp = lifetime.own(await serveTcp(listenerDeps, services, svid, settings.listen))
  const local = [...services, healthService(ending)]
  lifetime.own(await servePrivateSocket(listenerDeps, local, settings.socketPath))
  return { port: tcp.port }

  function limitOf(isOn: boolean, rate: Parameters<typeof rateLimit>[0]) {
    return isOn ? rateLimit(rate, clock) : noRateLimit
  }
}
