/**
 * `grpc.health.v1.Health` on the private socket, for the server as a whole.
 *
 * Whoever can ask is served, so the answer is always the same; `Watch` ends when the server does.
 */

import type { HealthCheckRequest__Output } from '../../../proto/gen/grpc/health/v1/HealthCheckRequest.ts'
import type { HealthCheckResponse } from '../../../proto/gen/grpc/health/v1/HealthCheckResponse.ts'
import { Failure } from '../../../runtime/failure.ts'
import { type CallContext, type Send, serverStream, unary } from '../../../runtime/grpc/handlers.ts'
import type { LocalCaller } from '../caller.ts'
import { type Service, service } from '../service.ts'

const serving = { status: 'SERVING' } as const

export function healthService(ending: AbortSignal): Service {
  return service('grpc.health.v1.Health', (gateOf) => ({
    Check: unary(gateOf('Check'), (request) => {
      requireWhole(request)
      return serving
    }),
    List: unary(gateOf('List'), () => ({ statuses: { '': serving } })),
    Watch: serverStream(gateOf('Watch'), (request, context, send) =>
      watch(request, context, send, ending),
    ),
  }))
}

async function watch(
  request: HealthCheckRequest__Output,
  { signal }: CallContext<LocalCaller>,
  send: Send<HealthCheckResponse>,
  ending: AbortSignal,
): Promise<void> {
  requireWhole(request)
  await send(serving)
  const either = AbortSignal.any([signal, ending])
  await new Promise<void>((resolve) => {
    if (either.aborted) resolve()
    either.addEventListener(
      'abort',
      () => {
        resolve()
      },
      { once: true },
    )
  })
  if (!signal.aborted) await send({ status: 'NOT_SERVING' })
}

function requireWhole({ service }: HealthCheckRequest__Output): void {
  if (service !== '') throw new Failure('invalid-argument', 'per-service health is not supported')
}
