/** `server agent evict` */

import { defineCommand, UsageError } from '../../command.ts'
import { messageJson } from '../../output.ts'
import { idMessage } from '../identifiers.ts'
import { atServer, serverFlags } from '../server-flags.ts'

export const command = defineCommand({
  name: 'server agent evict',
  spire: true,
  summary: 'Evicts an attested agent given its SPIFFE ID',
  flags: { ...serverFlags, spiffeID: { kind: 'string', help: 'SPIFFE ID of the agent' } },
  run: async (given, io) => {
    if (given.spiffeID === '') throw new UsageError('a SPIFFE ID is required')
    const id = idMessage(given.spiffeID)
    await atServer(given, io, (api) =>
      api.agents.unary('DeleteAgent', { id }, { signal: io.signal }),
    )
    io.out(given.output === 'json' ? messageJson({}) : 'Agent evicted successfully\n')
    return 0
  },
})
