/** `server healthcheck` */

import { withServer } from '../../../admin-api/server-api.ts'
import { socketFlags, socketPathOf } from '../../../admin-api/socket.ts'
import { defineCommand } from '../../command.ts'
import { checkHealth, healthFlags } from './check.ts'

export const command = defineCommand({
  name: 'server healthcheck',
  spire: true,
  summary: 'Determines server health status',
  flags: { ...socketFlags('server'), ...healthFlags },
  run: async (given, io) =>
    await checkHealth('server', given.verbose, io, async () => {
      const socketPath = socketPathOf('server', given, io.env)
      return await withServer(socketPath, async (api) => {
        const { status } = await api.health.unary('Check', {}, { signal: io.signal })
        return status
      })
    }),
})
