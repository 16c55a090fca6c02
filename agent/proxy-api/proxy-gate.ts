/**
 * Who may call on the proxy socket: processes with a SPIFFE ID that is listed in
 * `authorized_proxies`. What they have open ends when they lose it.
 */

import { Failure } from '../../runtime/failure.ts'
import type { Gate, GatedCall } from '../../runtime/grpc/handlers.ts'
import type { Logger } from '../../runtime/log.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { Caller, Callers } from '../callers/callers.ts'
import type { WorkloadAttestation } from '../callers/workload-attestation.ts'
import type { IdentitySet } from '../identities/identity-set.ts'
import type { IdentitySets } from '../identities/identity-sets.ts'

/** A proxy of this node, as it was attested for one call. */
export interface ProxyCaller {
  readonly caller: Caller
  readonly id: SpiffeId
  readonly identities: IdentitySet
}

export interface ProxyGateDeps {
  readonly callers: Callers
  readonly attestation: WorkloadAttestation
  readonly identities: IdentitySets
  readonly authorized: readonly SpiffeId[]
  readonly log: Logger
}

const limits = { admissionMs: 10_000 } as const

export function proxyGate(deps: ProxyGateDeps): Gate<ProxyCaller> {
  const authorized = new Set(deps.authorized)
  return {
    admit: (call) => admit(call, authorized, deps),
    unexpected: (error, method) => {
      deps.log.error({ err: error, method }, 'A call failed by a fault of ours')
    },
  }
}

/** Aborted with the call, or with a Failure as its reason once the caller is no such proxy any more. */
export function whileAuthorized(proxy: ProxyCaller, signal: AbortSignal): AbortSignal {
  const lost = new AbortController()
  const watch = async (): Promise<void> => {
    for await (const { entries } of proxy.identities.follow(signal)) {
      if (entries.some(({ spiffeId }) => spiffeId === proxy.id)) continue
      lost.abort(new Failure('permission-denied', `the caller is ${proxy.id} no longer`))
      return
    }
  }
  void watch()
  return AbortSignal.any([signal, lost.signal])
}

async function admit(
  call: GatedCall,
  authorized: ReadonlySet<SpiffeId>,
  { callers, attestation, identities, log }: ProxyGateDeps,
): Promise<ProxyCaller> {
  const caller = callers.of(call)
  const deadline = AbortSignal.timeout(limits.admissionMs)
  const set = identities.of(await attestation.selectorsOf(caller.peer, deadline))
  const entry = set.state.entries.find(({ spiffeId }) => authorized.has(spiffeId))
  if (entry !== undefined) return { caller, id: entry.spiffeId, identities: set }
  const ids = set.state.entries.map(({ spiffeId }) => spiffeId)
  log.warn({ pid: caller.peer.pid, uid: caller.peer.uid, ids }, 'A process is no authorized proxy')
  throw new Failure('permission-denied', 'the caller has no SPIFFE ID of authorized_proxies', {
    hint: "add the proxy's SPIFFE ID to authorized_proxies in the agent's configuration",
  })
}
