/** `agent healthcheck` */

import type { HealthDefinition } from '../../../../proto/gen/grpc/health/v1/Health.ts'
import { withServices } from '../../../admin-api/services.ts'
import { socketFlags, socketPathOf } from '../../../admin-api/socket.ts'
import { defineCommand } from '../../command.ts'
import { checkHealth, healthFlags } from './check.ts'

export const command = defineCommand({
  name: 'agent healthcheck',
  spire: true,
  summary: 'Determines agent health status',
  flags: { ...socketFlags('agent'), ...healthFlags },
  run: async (given, io) =>
    await checkHealth('agent', given.verbose, io, async () => {
      const socketPath = socketPathOf('agent', given, io.env)
      return await withServices('agent', socketPath, async (open) => {
        const health = open<HealthDefinition>('grpc.health.v1.Health')
        return (await health.unary('Check', {}, { signal: io.signal })).status
      })
    }),
})
