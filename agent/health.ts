/** grpc.health.v1 on the agent's sockets: they are open only while the agent serves. */

import type { Server } from '@grpc/grpc-js'
import type { HealthDefinition } from '../proto/gen/grpc/health/v1/Health.ts'
import type { HealthCheckRequest__Output } from '../proto/gen/grpc/health/v1/HealthCheckRequest.ts'
import type { HealthCheckResponse } from '../proto/gen/grpc/health/v1/HealthCheckResponse.ts'
import { serviceDefinition } from '../proto/services.ts'
import { Failure } from '../runtime/failure.ts'
import { type Gate, serverStream, unary } from '../runtime/grpc/handlers.ts'

export const healthName = 'grpc.health.v1.Health'

const serving: HealthCheckResponse = { status: 'SERVING' }

/** Adds the service, open to whoever may connect. */
export function addHealth(grpc: Server): void {
  const gate: Gate<undefined> = { admit: () => undefined, unexpected: () => undefined }
  grpc.addService(serviceDefinition<HealthDefinition>(healthName), {
    Check: unary(gate, (request: HealthCheckRequest__Output) => {
      requireWhole(request)
      return serving
    }),
    List: unary(gate, () => ({ statuses: { '': serving } })),
    Watch: serverStream(gate, async (request: HealthCheckRequest__Output, { signal }, send) => {
      requireWhole(request)
      await send(serving)
      await ended(signal)
    }),
  })
}

function requireWhole({ service }: HealthCheckRequest__Output): void {
  if (service !== '') throw new Failure('invalid-argument', 'per-service health is not supported')
}

async function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
