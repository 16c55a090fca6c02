/** `server agent show` */

import { defineCommand, UsageError } from '../../command.ts'
import { messageJson } from '../../output.ts'
import { idMessage } from '../identifiers.ts'
import { atServer, serverFlags } from '../server-flags.ts'
import { agentText } from './print.ts'

export const command = defineCommand({
  name: 'server agent show',
  spire: true,
  summary: 'Shows the details of an attested agent given its SPIFFE ID',
  flags: { ...serverFlags, spiffeID: { kind: 'string', help: 'SPIFFE ID of the agent' } },
  run: async (given, io) => {
    if (given.spiffeID === '') throw new UsageError('a SPIFFE ID is required')
    const id = idMessage(given.spiffeID)
    const agent = await atServer(given, io, (api) =>
      api.agents.unary('GetAgent', { id }, { signal: io.signal }),
    )
    if (given.output === 'json') io.out(messageJson(agent))
    else io.out(`Found an attested agent given its SPIFFE ID\n\n${agentText(agent)}`)
    return 0
  },
})
