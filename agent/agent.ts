/**
 * One agent, put together from the bottom up: identity, then the stream of changes and the signing
 * of SVIDs, and once the first state is there the sockets.
 *
 *   bootstrap -> attested -> synchronised -> serving -> closed
 *                                  |            |
 *                                  +- refused --+-> nobody has an identity, own identity removed,
 *                                                   closed, exit code 1
 */

import type { Clock } from '../runtime/clock.ts'
import { Deadlines } from '../runtime/deadlines.ts'
import { Failure, reasonOf } from '../runtime/failure.ts'
import type { Listening } from '../runtime/grpc/unix-server.ts'
import { Lifetime } from '../runtime/lifetime.ts'
import type { Logger } from '../runtime/log.ts'
import type { X509Bundle } from '../spiffe/bundle/x509-bundle.ts'
import { parseCertificate } from '../spiffe/x509/certificate.ts'
import { AgentDataFile } from './attestation/agent-data.ts'
import { bootstrapBundle } from './attestation/bootstrap.ts'
import { establishIdentity, keepIdentity } from './attestation/node-identity.ts'
import { WorkloadAttestation } from './callers/workload-attestation.ts'
import { type Catalog, loadCatalog } from './catalog.ts'
import type { AgentConfig } from './config.ts'
import { IdentitySets } from './identities/identity-sets.ts'
import { rejectionOf } from './server-link/rejection.ts'
import { ServerLink } from './server-link/server-link.ts'
import { openSockets } from './sockets.ts'
import { followServer } from './sync/follow-server.ts'
import { NodeState } from './sync/node-state.ts'
import { signerBy } from './sync/sign-x509-svids.ts'
import { X509Svids } from './sync/x509-svids.ts'

/** How long streams may take to end when the server has refused the agent. */
const drainMs = 1000

export interface AgentParts {
  readonly clock: Clock
  readonly log: Logger
  /** Between 0 and 1. */
  readonly random: () => number
}

/**
 * Runs an agent until the signal is aborted; everything it opened is closed then. `onServing` is
 * called once its sockets are open.
 *
 * @throws {Failure} when it cannot start, or when the server will have no more of it.
 */
export async function runAgentUntil(
  config: AgentConfig,
  parts: AgentParts,
  signal: AbortSignal,
  onServing: () => void = () => undefined,
): Promise<void> {
  const lifetime = new Lifetime()
  try {
    await run(config, parts, lifetime, signal, onServing)
  } catch (error) {
    if (!signal.aborted) throw error
    return
  } finally {
    await lifetime.close()
  }
}

async function run(
  config: AgentConfig,
  parts: AgentParts,
  lifetime: Lifetime,
  stop: AbortSignal,
  onServing: () => void,
): Promise<void> {
  const { clock, log, random } = parts
  const { trustDomain } = config
  const catalog = await loadCatalog(config)
  for (const attestor of catalog.workloadAttestors) lifetime.own(attestor)
  const data = await AgentDataFile.open(config.dataDir, trustDomain)
  const bundle = await firstBundle(config, data)
  const deadlines = lifetime.own(new Deadlines(clock))
  const link = lifetime.own(new ServerLink(config.server, { bundle, identity: undefined }, clock))
  const { nodeAttestor: attestor, keyManager: keys } = catalog
  const identity = { link, attestor, keys, data, clock, deadlines, log, random }
  const ending = new AbortController()
  const signal = AbortSignal.any([stop, ending.signal])
  const loops: Promise<void>[] = []
  const state = new NodeState()
  let sockets: readonly Listening[] = []
  try {
    await establishIdentity(identity, signal)
    const sign = signerBy({ link, keyType: config.workloadKeyType, clock, log })
    const svids = new X509Svids({ state, sign, clock, deadlines, log, random })
    const identities = lifetime.own(
      new IdentitySets({ state, svids, trustDomain, clock, deadlines }),
    )
    followOwnBundle(state, link, data, log)
    loops.push(
      keepIdentity(identity, () => svids.isAnyCurrent(), signal),
      followServer({ link, state, trustDomain, log }, signal),
      svids.run(signal),
    )
    await Promise.race([firstState(state, signal), ...loops])
    if (signal.aborted) return
    const attestation = new WorkloadAttestation(catalog.workloadAttestors, log)
    sockets = await openSockets(config.sockets, { state, identities, attestation, log }, lifetime)
    log.info({ socket: config.sockets.workload }, 'Starting agent APIs')
    onServing()
    await Promise.race(loops)
  } catch (error) {
    ending.abort()
    await Promise.allSettled(loops)
    if (rejectionOf(error) !== undefined) {
      // Every stream ends with PermissionDenied: nobody is to go on with what it was given.
      state.clear()
      await removeRefused(error, catalog, data, log)
      await Promise.all(sockets.map((socket) => socket.drain(drainMs)))
    }
    throw error
  } finally {
    ending.abort()
    await Promise.allSettled(loops)
  }
}

/** What the agent knows the server by: what it learnt last, else what the operator gave it. */
async function firstBundle(config: AgentConfig, data: AgentDataFile): Promise<X509Bundle> {
  const { trustDomain, bootstrap } = config
  const kept = data.data.bundle
  if (kept !== undefined && kept.length > 0)
    return { trustDomain, authorities: kept.map(parseCertificate) }
  if (bootstrap === undefined)
    throw new Failure(
      'invalid-configuration',
      'refusing to start without a trust bundle: insecure_bootstrap is not supported',
      { hint: 'set trust_bundle_path to a file made by: countersign server bundle show' },
    )
  return await bootstrapBundle(bootstrap, trustDomain)
}

/** Takes each new own bundle into use for the server's connection, and to disk. */
function followOwnBundle(
  state: NodeState,
  link: ServerLink,
  data: AgentDataFile,
  log: Logger,
): void {
  const { trustDomain } = link.trust.bundle
  state.onChange(({ bundles }) => {
    const own = state.bundles.get(trustDomain)
    if (!bundles.has(trustDomain) || own === undefined || own.x509Authorities.length === 0) return
    const authorities = own.x509Authorities.map(({ certificate }) => certificate)
    const der = authorities.map((authority) => authority.der)
    const known = link.trust.bundle.authorities
    const isKnown =
      known.length === der.length &&
      known.every((authority, at) => Buffer.compare(authority.der, der[at] ?? Buffer.of()) === 0)
    if (!isKnown) link.setTrust({ ...link.trust, bundle: { trustDomain, authorities } })
    data.update({ bundle: der }).catch((error: unknown) => {
      // The next change tries again; until then a restart begins with the bundle before.
      log.error({ reason: reasonOf(error) }, 'Cannot keep the trust bundle on disk')
    })
  })
}

async function firstState(state: NodeState, signal: AbortSignal): Promise<void> {
  for await (const revision of state.follow(signal)) if (revision !== '0') return
}

/** An agent that the server has refused for good leaves nothing behind to come back with. */
async function removeRefused(
  error: unknown,
  { keyManager }: Catalog,
  data: AgentDataFile,
  log: Logger,
): Promise<void> {
  log.error(
    { reason: reasonOf(error) },
    rejectionOf(error) === 'banned'
      ? 'Agent is banned: removing SVID and shutting down'
      : 'Agent needs to re-attest: removing SVID and shutting down',
  )
  await data.wipe()
  await keyManager.wipe()
}
