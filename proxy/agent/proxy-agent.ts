/** The agent of this node as a proxy sees it: `countersign.agent.proxy.v1` on the proxy socket. */

import type { IdentifyRequest } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyRequest.ts'
import type { IdentifyResponse__Output } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyResponse.ts'
import type { ProxyDefinition } from '../../proto/gen/countersign/agent/proxy/v1/Proxy.ts'
import type { ReportCheckpointRequest } from '../../proto/gen/countersign/agent/proxy/v1/ReportCheckpointRequest.ts'
import type { WatchBundlesResponse__Output } from '../../proto/gen/countersign/agent/proxy/v1/WatchBundlesResponse.ts'
import type { WatchPoliciesResponse__Output } from '../../proto/gen/countersign/agent/proxy/v1/WatchPoliciesResponse.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { GrpcClient, unixTarget } from '../../runtime/grpc/client.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'

/** How long the agent may take to end what we have hung up. */
const hangUpMs = 5000

/** Longest wait before a lost connection to the agent is tried again. */
const maxReconnectMs = 1000

export class ProxyAgent {
  readonly #client: GrpcClient<ProxyDefinition>

  constructor(socketPath: string) {
    this.#client = new GrpcClient(
      serviceDefinition<ProxyDefinition>('countersign.agent.proxy.v1.Proxy'),
      unixTarget(socketPath),
      undefined,
      {
        'grpc.initial_reconnect_backoff_ms': 100,
        'grpc.min_reconnect_backoff_ms': 100,
        'grpc.max_reconnect_backoff_ms': maxReconnectMs,
      },
    )
  }

  /**
   * Who is at the far end of one of our connections; further answers renew the SVID. When the signal
   * is aborted we hang up, and the agent ends the answers.
   */
  async *identify(
    request: IdentifyRequest,
    signal: AbortSignal,
  ): AsyncGenerator<IdentifyResponse__Output, void, undefined> {
    signal.throwIfAborted()
    const lost = new AbortController()
    const call = this.#client.bidi('Identify', { signal: lost.signal })
    call.send(request)
    let timer: NodeJS.Timeout | undefined
    const hangUp = (): void => {
      call.end()
      timer = setTimeout(() => {
        lost.abort()
      }, hangUpMs)
      timer.unref()
    }
    signal.addEventListener('abort', hangUp, { once: true })
    try {
      yield* call.messages
    } finally {
      signal.removeEventListener('abort', hangUp)
      clearTimeout(timer)
    }
  }

  /** All policies of the apps, then each app again when it changes. */
  watchPolicies(
    apps: readonly SpiffeId[],
    signal: AbortSignal,
  ): AsyncGenerator<WatchPoliciesResponse__Output, void, undefined> {
    return this.#client.serverStream('WatchPolicies', { apps: [...apps] }, { signal })
  }

  /** All bundles, again at each change. */
  watchBundles(signal: AbortSignal): AsyncGenerator<WatchBundlesResponse__Output, void, undefined> {
    return this.#client.serverStream('WatchBundles', {}, { signal })
  }

  async reportCheckpoint(checkpoint: ReportCheckpointRequest, signal: AbortSignal): Promise<void> {
    await this.#client.unary('ReportCheckpoint', checkpoint, { signal })
  }

  close(): void {
    this.#client.close()
  }
}
