/** `policy delete APP NAME` */

import { Failure } from '../../../../runtime/failure.ts'
import { defineCommand, UsageError } from '../../command.ts'
import { messageJson, shown } from '../../output.ts'
import { atServer, serverFlags } from '../server-flags.ts'

export const command = defineCommand({
  name: 'policy delete',
  summary: 'Takes one access policy out of force',
  flags: serverFlags,
  words: ['APP', 'NAME'],
  run: async (given, io, [app = '', name = '']) => {
    const answer = await atServer(given, io, (api) =>
      api.policies.unary('DeletePolicy', { app, name }, { signal: io.signal }).catch(unknown),
    )
    io.out(
      given.output === 'json' ? messageJson(answer) : `deleted  ${shown(name)}  ${shown(app)}\n`,
    )
    return 0
  },
})

function unknown(error: unknown): never {
  if (error instanceof Failure && error.code === 'not-found')
    throw new UsageError(error.message, { hint: 'countersign policy get lists what is in force' })
  throw error
}
