/** `countersign.agent.proxy.v1.Proxy` on the proxy socket. */

import type { Server } from '@grpc/grpc-js'
import type {
  ProxyDefinition,
  ProxyHandlers,
} from '../../proto/gen/countersign/agent/proxy/v1/Proxy.ts'
import type { WatchBundlesResponse } from '../../proto/gen/countersign/agent/proxy/v1/WatchBundlesResponse.ts'
import type { WatchPoliciesRequest__Output } from '../../proto/gen/countersign/agent/proxy/v1/WatchPoliciesRequest.ts'
import type { WatchPoliciesResponse } from '../../proto/gen/countersign/agent/proxy/v1/WatchPoliciesResponse.ts'
import type { Policy__Output } from '../../proto/gen/countersign/types/Policy.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import {
  answerStream,
  type CallContext,
  type Send,
  serverStream,
  unary,
} from '../../runtime/grpc/handlers.ts'
import { parseSpiffeId, type SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { NodeState } from '../sync/node-state.ts'
import { Checkpoints } from './checkpoints.ts'
import { type IdentifyDeps, identify } from './identify.ts'
import { type ProxyCaller, type ProxyGateDeps, proxyGate, whileAuthorized } from './proxy-gate.ts'

export const proxyApiName = 'countersign.agent.proxy.v1.Proxy'

export interface ProxyApiDeps extends IdentifyDeps, ProxyGateDeps {
  readonly state: NodeState
}

const limits = { apps: 1000 } as const

/** Adds the service to the server of the proxy socket. */
export function addProxyApi(grpc: Server, deps: ProxyApiDeps): void {
  const gate = proxyGate(deps)
  const checkpoints = new Checkpoints(deps.log)
  const handlers: ProxyHandlers = {
    Identify: answerStream(gate, (request, context, send) =>
      streaming(deps, context, send, (toProxy, signal) =>
        identify(request, context.caller, deps, toProxy, signal),
      ),
    ),
    WatchPolicies: serverStream(gate, (request, context, send) =>
      streaming(deps, context, send, (toProxy, signal) =>
        watchPolicies(deps.state, request, toProxy, signal),
      ),
    ),
    WatchBundles: serverStream(gate, (_request, context, send) =>
      streaming(deps, context, send, (toProxy, signal) => watchBundles(deps, toProxy, signal)),
    ),
    ReportCheckpoint: unary(gate, (request, { caller }) => {
      checkpoints.take(caller.id, request)
      return {}
    }),
  }
  grpc.addService(serviceDefinition<ProxyDefinition>(proxyApiName), handlers)
}

/** Runs a stream for as long as the caller is an authorized proxy, and the process that it was. */
async function streaming<Response>(
  { callers, attestation }: ProxyApiDeps,
  { caller, signal }: CallContext<ProxyCaller>,
  send: Send<Response>,
  run: (toProxy: Send<Response>, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  callers.occupy(caller.caller, signal)
  const authorized = whileAuthorized(caller, signal)
  const toProxy: Send<Response> = async (message) => {
    attestation.requireUnchanged(caller.caller.peer)
    await send(message)
  }
  try {
    await run(toProxy, authorized)
  } catch (error) {
    throw refusalOf(authorized) ?? error
  }
  const refusal = refusalOf(authorized)
  if (refusal !== undefined) throw refusal
}

function refusalOf(signal: AbortSignal): Failure | undefined {
  return signal.aborted && signal.reason instanceof Failure ? signal.reason : undefined
}

async function watchPolicies(
  state: NodeState,
  { apps: names }: WatchPoliciesRequest__Output,
  send: Send<WatchPoliciesResponse>,
  signal: AbortSignal,
): Promise<void> {
  const apps = appsOf(names)
  const sent = new Map<SpiffeId, string>()
  let isFirst = true
  for await (const _revision of state.follow(signal)) {
    const changed = apps
      .map((app) => ({ app, policies: state.policies.get(app) ?? [] }))
      .filter(({ app, policies }) => sent.get(app) !== versionOf(policies))
    if (changed.length === 0 && !isFirst) continue
    isFirst = false
    for (const { app, policies } of changed) sent.set(app, versionOf(policies))
    await send({ apps: changed.map(({ app, policies }) => ({ app, policies: [...policies] })) })
  }
}

async function watchBundles(
  { state, identities }: ProxyApiDeps,
  send: Send<WatchBundlesResponse>,
  signal: AbortSignal,
): Promise<void> {
  let sent: string | undefined
  for await (const _revision of state.follow(signal)) {
    const bundles = identities.bundles.all()
    const version = bundles.map(([name, der]) => `${name} ${der.toString('base64')}`).join('\n')
    if (version === sent) continue
    sent = version
    await send({ bundles: Object.fromEntries(bundles) })
  }
}

function appsOf(names: readonly string[]): SpiffeId[] {
  if (names.length > limits.apps)
    throw new Failure('invalid-argument', `expected at most ${limits.apps} apps`)
  return [...new Set(names)].map((name) => {
    try {
      return parseSpiffeId(name)
    } catch (error) {
      throw new Failure('invalid-argument', `apps: ${reasonOf(error)}`, { cause: error })
    }
  })
}

/** Equal exactly when the same policies are in force. */
function versionOf(policies: readonly Policy__Output[]): string {
  return JSON.stringify(policies.map(({ name, revision, digest }) => [name, revision, digest]))
}
