/**
 * `Identify`: who is at the other end of one of the proxy's connections, and that process's SVID
 * for as long as it is the same process with the same identity.
 *
 * Ends by itself when the process is gone or has changed; with `PermissionDenied` when it has no
 * identity (any more) or cannot be named. `Unavailable` and `ResourceExhausted` say nothing about
 * the process.
 */

import type { IdentifyRequest__Output } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyRequest.ts'
import type { IdentifyResponse } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyResponse.ts'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import type { Send } from '../../runtime/grpc/handlers.ts'
import type { Logger } from '../../runtime/log.ts'
import { parseSpiffeId, type SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { WorkloadAttestation } from '../callers/workload-attestation.ts'
import type { IdentitySet, IdentityState } from '../identities/identity-set.ts'
import type { IdentitySets } from '../identities/identity-sets.ts'
import type { Attest, LocalIdentity } from '../local-peers/attribution.ts'
import type { Attributed, LocalPeers } from '../local-peers/local-peers.ts'
import type { Refused } from '../local-peers/refusal.ts'
import { connectionOf, type NamedConnection } from './connection.ts'
import type { ProxyCaller } from './proxy-gate.ts'

export interface IdentifyDeps {
  readonly attestation: WorkloadAttestation
  readonly identities: IdentitySets
  readonly localPeers: LocalPeers
  readonly log: Logger
}

/** One SPIFFE ID of a process, and the live set that it was found in. */
interface ChosenIdentity extends LocalIdentity {
  readonly id: SpiffeId
  readonly set: IdentitySet
}

export async function identify(
  request: IdentifyRequest__Output,
  proxy: ProxyCaller,
  deps: IdentifyDeps,
  send: Send<IdentifyResponse>,
  signal: AbortSignal,
): Promise<void> {
  const connection = connectionOf(request)
  const expected = expectedId(request.expectedSpiffeId)
  const found = await ask(connection, proxy, choosing(expected, deps), deps, signal)
  if (found.kind === 'refused') {
    const { reason, message, detail } = found
    deps.log.info({ proxy: proxy.id, reason, detail }, 'Could not identify a local peer')
    const isOverloaded = reason === 'busy' || reason === 'timed-out'
    throw new Failure(isOverloaded ? 'resource-exhausted' : 'permission-denied', message)
  }
  const { identity, pids, ended } = found
  deps.log.debug({ proxy: proxy.id, pids, spiffeId: identity.id }, 'Identified a local peer')
  let sent: Sendable | undefined
  for await (const state of identity.set.follow(AbortSignal.any([signal, ended]))) {
    const next = sendable(state, identity.id)
    if (next === undefined || isSame(next, sent)) continue
    await send({
      spiffeId: identity.id,
      x509Svid: next.svid.chain,
      x509SvidKey: next.svid.key,
      bundles: Object.fromEntries(next.bundles),
      pids: [...pids],
    })
    sent = next
  }
}

async function ask(
  connection: NamedConnection,
  { caller: { peer } }: ProxyCaller,
  attest: Attest<ChosenIdentity>,
  { localPeers }: IdentifyDeps,
  signal: AbortSignal,
): Promise<Attributed<ChosenIdentity> | Refused> {
  switch (connection.kind) {
    case 'tcp-client':
      return await localPeers.client(peer, connection.tcp, attest, signal)
    case 'tcp-upstream':
      return await localPeers.upstreamTcp(peer, connection.tcp, attest, signal)
    case 'unix-upstream':
      return await localPeers.upstreamUnix(peer, connection.unix, attest, signal)
  }
}

/** Takes the expected identity of a process, or its only one. */
function choosing(
  expected: SpiffeId | undefined,
  { attestation, identities, log }: IdentifyDeps,
): Attest<ChosenIdentity> {
  return async (process, signal) => {
    let selectors: ReadonlySet<string>
    try {
      selectors = await attestation.selectorsOf(process, signal)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      log.info({ pid: process.pid, reason: reasonOf(error) }, 'Could not attest a local peer')
      return undefined
    }
    const set = identities.of(selectors)
    const { entries } = set.state
    const ids = [...new Set(entries.map(({ spiffeId }) => spiffeId))]
    const id = expected ?? (ids.length === 1 ? ids[0] : undefined)
    const granting = entries.filter(({ spiffeId }) => spiffeId === id)
    if (id === undefined || granting.length === 0) {
      log.info({ pid: process.pid, ids, expected }, 'A local peer has no identity to use')
      return undefined
    }
    const dependsOnExecutable = granting.every((entry) => entry.selectors.some(isOfExecutable))
    return { key: id, dependsOnExecutable, id, set }
  }
}

function isOfExecutable({ type, value }: { type: string; value: string }): boolean {
  return type === 'unix' && /^(?:path|sha256):/.test(value)
}

interface Sendable {
  readonly svid: IdentityState['identities'][number]['svid']
  readonly bundles: readonly [string, Buffer][]
}

/** What the state has for this identity; undefined while its SVID is being signed. */
function sendable(
  { kind, entries, identities, bundles }: IdentityState,
  id: SpiffeId,
): Sendable | undefined {
  const granting = entries.filter(({ spiffeId }) => spiffeId === id)
  if (granting.length === 0) throw new Failure('permission-denied', 'no identity issued')
  if (kind === 'pending') return undefined
  const found = identities.find(({ entry }) => entry.spiffeId === id)
  if (found === undefined) throw new Failure('unavailable', 'no X509-SVID is available')
  const own = bundles.of(bundles.own)
  const trusted: [string, Buffer][] = own === undefined ? [] : [[bundles.own, own]]
  trusted.push(...bundles.federated(granting.flatMap(({ federatesWith }) => federatesWith)))
  return { svid: found.svid, bundles: trusted }
}

function isSame(next: Sendable, sent: Sendable | undefined): boolean {
  return (
    sent !== undefined &&
    next.svid === sent.svid &&
    next.bundles.length === sent.bundles.length &&
    next.bundles.every(
      ([name, der], at) => name === sent.bundles[at]?.[0] && der.equals(sent.bundles[at][1]),
    )
  )
}

function expectedId(text: string): SpiffeId | undefined {
  if (text === '') return undefined
  try {
    return parseSpiffeId(text)
  } catch (error) {
    throw new Failure('invalid-argument', `expected_spiffe_id: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}
