/** Asks an agent about one connection, as a proxy does. */

import type { IdentifyRequest } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyRequest.ts'
import type { IdentifyResponse__Output } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyResponse.ts'
import type { ProxyDefinition } from '../../proto/gen/countersign/agent/proxy/v1/Proxy.ts'
import type { GrpcClient } from '../../runtime/grpc/client.ts'

/** The answers, until the agent ends them. */
export function identify(
  proxy: GrpcClient<ProxyDefinition>,
  request: IdentifyRequest,
): AsyncIterator<IdentifyResponse__Output> & AsyncIterable<IdentifyResponse__Output> {
  const call = proxy.bidi('Identify', { signal: AbortSignal.timeout(30_000) })
  call.send(request)
  const answers = call.messages[Symbol.asyncIterator]()
  return { next: () => answers.next(), [Symbol.asyncIterator]: () => answers }
}
