/**
 * `BatchNewX509SVID`: SVIDs for the entries that the calling agent is authorized for. Of a CSR only
 * its public key counts.
 */

import { x509SvidToWire } from '../../../proto/convert/svid.ts'
import type { BatchNewX509SVIDRequest__Output } from '../../../proto/gen/spire/api/server/svid/v1/BatchNewX509SVIDRequest.ts'
import type { _spire_api_server_svid_v1_BatchNewX509SVIDResponse_Result as Result } from '../../../proto/gen/spire/api/server/svid/v1/BatchNewX509SVIDResponse.ts'
import type { NewX509SVIDParams__Output } from '../../../proto/gen/spire/api/server/svid/v1/NewX509SVIDParams.ts'
import type { Authorized, AuthorizedEntries } from '../../../registration/authorized-entries.ts'
import type { RegistrationEntry } from '../../../registration/entry.ts'
import { pause } from '../../../runtime/backoff.ts'
import type { Clock } from '../../../runtime/clock.ts'
import { Failure } from '../../../runtime/failure.ts'
import type { CallContext } from '../../../runtime/grpc/handlers.ts'
import { readCsr } from '../../../spiffe/der/csr.ts'
import { SpiffeError } from '../../../spiffe/spiffe-error.ts'
import {
  CaError,
  type IssuedX509Svid,
  type SvidIssuer,
  type X509SvidRequest,
} from '../../ca/svid-issuer.ts'
import { type AttestedNode, agents } from '../../datastore/collections/agents.ts'
import { entries } from '../../datastore/collections/entries.ts'
import type { Mirror, Mirrored } from '../../datastore/collections/mirror.ts'
import type { AgentCaller } from '../caller.ts'
import { denied } from '../denied.ts'
import { itemOk, statusOfFailure } from '../item-status.ts'
import type { RateLimit } from '../rate-limit.ts'

export interface SvidDeps {
  readonly clock: Clock
  readonly agents: Mirror<AttestedNode>
  readonly entries: Mirror<RegistrationEntry>
  readonly authorized: AuthorizedEntries
  readonly issuer: SvidIssuer
  readonly signingLimit: RateLimit
  /** For entries that name none. */
  readonly x509SvidTtlSeconds: number
}

const maxAttempts = 5

/** Time for the server's own view to follow a change. */
const retryMs = 20

type Prepared = { readonly request: X509SvidRequest } | { readonly refused: Result }

export async function batchNewX509Svid(
  deps: SvidDeps,
  { params }: BatchNewX509SVIDRequest__Output,
  { caller, signal }: CallContext<AgentCaller>,
): Promise<Result[]> {
  if (params.length === 0) throw new Failure('invalid-argument', 'missing parameters')
  await limited(deps, caller, params.length, signal)
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const results = await decideAndSign(deps, params, caller)
    if (results !== undefined) return results
    await pause(retryMs, signal)
  }
  throw new Failure('unavailable', 'agent or entries keep changing, try again')
}

/** Undefined when what was decided no longer held by the time of signing. */
async function decideAndSign(
  deps: SvidDeps,
  params: readonly NewX509SVIDParams__Output[],
  caller: AgentCaller,
): Promise<Result[] | undefined> {
  const agent = deps.agents.record(caller.node.id)
  const standing = caller.standing()
  if (agent === undefined || standing !== 'good')
    throw denied('the agent is not authorized any more', standing)
  const authorized = deps.authorized.authorizedFor(agent.value, deps.clock.now())
  const prepared = params.map((item) => prepare(deps, item, authorized, agent))
  const requests = prepared.flatMap((one) => ('request' in one ? [one.request] : []))
  const signed = await sign(deps, requests)
  if (signed === undefined) return undefined
  let next = 0
  return prepared.map((one) => {
    if ('refused' in one) return one.refused
    const svid = signed[next++]
    if (svid === undefined) throw new TypeError('the CA signed fewer than it was asked for')
    return { status: itemOk, svid: x509SvidToWire(svid) }
  })
}

async function limited(
  { signingLimit }: SvidDeps,
  { address }: AgentCaller,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    await signingLimit.take(address, count, signal)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw new Failure(
      error.code,
      `rejecting request due to certificate signing rate limiting: ${error.message}`,
      { cause: error },
    )
  }
}

function prepare(
  deps: SvidDeps,
  { entryId, csr }: NewX509SVIDParams__Output,
  authorized: Authorized,
  agent: Mirrored<AttestedNode>,
): Prepared {
  try {
    if (entryId === '') throw new Failure('invalid-argument', 'missing entry ID')
    if (csr.length === 0) throw new Failure('invalid-argument', 'missing CSR')
    const entry = authorized.entries.get(entryId)
    if (entry === undefined) throw new Failure('not-found', 'entry not found or not authorized')
    return { request: requestFor(deps, entry, publicKeyOf(csr), agent) }
  } catch (error) {
    return { refused: { status: statusOfFailure(error), svid: null } }
  }
}

/** Signed only if neither the agent nor the entry has changed since this was decided. */
function requestFor(
  deps: SvidDeps,
  entry: RegistrationEntry,
  publicKeySpki: Uint8Array,
  { value: { id: agentId }, revision }: Mirrored<AttestedNode>,
): X509SvidRequest {
  const decidedOn = [
    { key: agents.key(agentId), revision },
    { key: entries.key(entry.id), revision: deps.entries.record(entry.id)?.revision ?? 0 },
  ]
  return {
    id: entry.spiffeId,
    publicKeySpki,
    dnsNames: entry.dnsNames,
    ttlSeconds: entry.x509SvidTtlSeconds || deps.x509SvidTtlSeconds,
    entryId: entry.id,
    agentId,
    decidedOn,
  }
}

function publicKeyOf(csr: Uint8Array): Uint8Array {
  try {
    return readCsr(csr).publicKeySpki
  } catch (error) {
    if (!(error instanceof SpiffeError)) throw error
    const what = error.code === 'ERR_CSR_SIGNATURE' ? 'invalid CSR signature' : 'malformed CSR'
    throw new Failure('invalid-argument', `${what}: ${error.message}`, { cause: error })
  }
}

async function sign(
  { issuer }: SvidDeps,
  requests: readonly X509SvidRequest[],
): Promise<readonly IssuedX509Svid[] | undefined> {
  if (requests.length === 0) return []
  try {
    return await issuer.signX509Svids(requests)
  } catch (error) {
    if (!(error instanceof CaError)) throw error
    switch (error.code) {
      case 'ERR_CA_SUPERSEDED':
        return undefined
      case 'ERR_CA_NO_AUTHORITY':
        throw new Failure('unavailable', 'no authority to sign with', { cause: error })
      case 'ERR_CA_REQUEST':
      case 'ERR_CA_LINT':
        throw new Failure('internal', `failed to sign X509-SVID: ${error.message}`, {
          cause: error,
        })
    }
  }
}
