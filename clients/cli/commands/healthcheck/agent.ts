/** `agent healthcheck` */

import type { HealthDefinition } from '../../../../proto/gen/grpc/health/v1/Health.ts'
import { serviceDefinition } from '../../../../proto/services.ts'
import { GrpcClient, unixTarget } from '../../../../runtime/grpc/client.ts'
import { requireSocket, socketFlags, socketPathOf } from '../../../admin-api/socket.ts'
import { defineCommand } from '../../command.ts'
import { checkHealth, healthFlags } from './check.ts'

export const command = defineCommand({
  name: 'health',
  summary: 'Determines agent health status',
  flags: { ...socketFlags('agent'), ...healthFlags },
  run: async (given, io) =>
    await checkHealth('agent', given.verbose, io, async () => {
      const socketPath = socketPathOf('agent', given, io.env)
      await requireSocket(socketPath)
      const definition = serviceDefinition<HealthDefinition>('grpc.health.v1.Health')
      const client = new GrpcClient(definition, unixTarget(socketPath))
      try {
        return (await client.unary('Check', {}, { signal: io.signal })).status
      } finally {
        client.close()
      }
    }),
})
