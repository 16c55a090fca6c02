/** `server token generate`: a join token, which attests one node once. */

import { defineCommand } from '../../command.ts'
import { messageJson } from '../../output.ts'
import { idMessage } from '../identifiers.ts'
import { atServer, serverFlags } from '../server-flags.ts'

export const command = defineCommand({
  name: 'server token generate',
  spire: true,
  summary: 'Generates a join token',
  flags: {
    ...serverFlags,
    ttl: { kind: 'int', help: 'Seconds until the token expires', default: 600 },
    spiffeID: { kind: 'string', help: 'SPIFFE ID that the node gets besides its own' },
  },
  run: async (given, io) => {
    const agentId = given.spiffeID === '' ? null : idMessage(given.spiffeID)
    const token = await atServer(given, io, (api) =>
      api.agents.unary('CreateJoinToken', { ttl: given.ttl, agentId }, { signal: io.signal }),
    )
    if (given.output === 'json') io.out(messageJson(token))
    else {
      io.out(`Token: ${token.value}\n`)
      if (agentId === null) io.out('Warning: Missing SPIFFE ID.\n')
    }
    return 0
  },
})
