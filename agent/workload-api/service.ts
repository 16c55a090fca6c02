/**
 * The SPIFFE Workload API. Order of checks for each call: security header, then who calls, then
 * attestation, then identities.
 *
 * JWT-SVIDs and WIT-SVIDs are not served yet.
 */

import type { Server, ServiceDefinition, UntypedHandleCall } from '@grpc/grpc-js'
import type { SpiffeWorkloadAPIDefinition } from '../../proto/gen/SpiffeWorkloadAPI.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { Failure } from '../../runtime/failure.ts'
import {
  type CallContext,
  type Gate,
  type Send,
  serverStream,
  unary,
} from '../../runtime/grpc/handlers.ts'
import type { Logger } from '../../runtime/log.ts'
import type { Caller, Callers } from '../callers/callers.ts'
import type { WorkloadAttestation } from '../callers/workload-attestation.ts'
import type { IdentityState } from '../identities/identity-set.ts'
import type { IdentitySets } from '../identities/identity-sets.ts'
import { requireSecurityHeader } from './security-header.ts'
import { SendTurns } from './send-turns.ts'

export interface WorkloadApiDeps {
  readonly callers: Callers
  readonly attestation: WorkloadAttestation
  readonly identities: IdentitySets
  readonly log: Logger
}

export const workloadApiName = 'SpiffeWorkloadAPI'

type MethodName = keyof SpiffeWorkloadAPIDefinition

/** Adds the service to the server of the public socket. */
export function addWorkloadApi(grpc: Server, deps: WorkloadApiDeps): void {
  const gate: Gate<Caller> = {
    admit: (call) => {
      requireSecurityHeader(call.metadata)
      return deps.callers.of(call)
    },
    unexpected: (error, method) => {
      deps.log.error({ err: error, method }, 'A call failed by a fault of ours')
    },
  }
  const turns = new SendTurns()
  const stream = (answerOf: (state: IdentityState) => Buffer | undefined): UntypedHandleCall =>
    serverStream<unknown, Buffer, Caller>(gate, (_request, context, send) =>
      serve(deps, turns, context, send, answerOf),
    )
  const handlers: Record<MethodName, UntypedHandleCall> = {
    FetchX509SVID: stream(svidAnswer),
    FetchX509Bundles: stream(bundleAnswer),
    FetchJWTSVID: unary(gate, unimplemented('method FetchJWTSVID not implemented')),
    FetchJWTBundles: serverStream(gate, unimplemented('method FetchJWTBundles not implemented')),
    ValidateJWTSVID: unary(gate, unimplemented('method ValidateJWTSVID not implemented')),
    FetchWITSVID: serverStream(gate, unimplemented('fetching WIT-SVIDs is not implemented')),
    FetchWITBundles: serverStream(gate, unimplemented('fetching WIT bundles is not implemented')),
  }
  grpc.addService(preparedDefinition(), handlers)
}

async function serve(
  { callers, attestation, identities, log }: WorkloadApiDeps,
  turns: SendTurns,
  { caller, signal }: CallContext<Caller>,
  send: Send<Buffer>,
  answerOf: (state: IdentityState) => Buffer | undefined,
): Promise<void> {
  callers.occupy(caller, signal)
  const { peer } = caller
  const selectors = await whileUnchanged(caller, () => attestation.selectorsOf(peer, signal))
  let sent: Buffer | undefined
  for await (const state of identities.of(selectors).follow(signal)) {
    if (state.kind === 'none')
      log.debug({ pid: peer.pid, uid: peer.uid, selectors: [...selectors] }, 'No identity issued')
    const answer = answerOf(state)
    if (answer === undefined || sent?.equals(answer) === true) continue
    if (sent !== undefined) {
      await turns.take()
      await whileUnchanged(caller, () => {
        attestation.requireUnchanged(peer)
      })
    }
    await send(answer)
    sent = answer
  }
}

/** A caller that cannot be attested any more loses its connection: the next one is looked at anew. */
async function whileUnchanged<T>(caller: Caller, look: () => T | Promise<T>): Promise<T> {
  try {
    return await look()
  } catch (error) {
    if (!caller.peer.isUnchanged()) caller.disconnect()
    throw error
  }
}

function svidAnswer({ kind, answers }: IdentityState): Buffer | undefined {
  switch (kind) {
    case 'none':
      throw noIdentity()
    case 'pending':
      return undefined
    case 'lacking':
      throw new Failure('unavailable', 'no X509-SVID is available at the moment')
    case 'ready':
      return answers.svids
  }
}

function bundleAnswer({ kind, answers }: IdentityState): Buffer {
  if (kind === 'none') throw noIdentity()
  return answers.bundles
}

function noIdentity(): Failure {
  return new Failure('permission-denied', 'no identity issued')
}

function unimplemented(message: string): () => Promise<never> {
  return () => Promise.reject(new Failure('unimplemented', message))
}

/** The service's definition, with answers that come encoded. */
function preparedDefinition(): ServiceDefinition {
  const definition = serviceDefinition<SpiffeWorkloadAPIDefinition>(workloadApiName)
  const responseSerialize = (encoded: Buffer): Buffer => encoded
  return {
    ...definition,
    FetchX509SVID: { ...definition.FetchX509SVID, responseSerialize },
    FetchX509Bundles: { ...definition.FetchX509Bundles, responseSerialize },
  }
}
