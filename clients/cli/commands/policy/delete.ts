/** `policy delete APP NAME` */

import { defineCommand, UsageError } from '../../command.ts'
import { messageJson } from '../../output.ts'
import { atServer, serverFlags } from '../server-flags.ts'

export const command = defineCommand({
  name: 'policy delete',
  summary: 'Takes one access policy out of force',
  flags: serverFlags,
  words: ['APP', 'NAME'],
  run: async (given, io, [app, name]) => {
    if (app === undefined || name === undefined)
      throw new UsageError('an app and a name are required: policy delete APP NAME')
    const answer = await atServer(given, io, (api) =>
      api.policies.unary('DeletePolicy', { app, name }, { signal: io.signal }),
    )
    io.out(given.output === 'json' ? messageJson(answer) : `deleted  ${name}  ${app}\n`)
    return 0
  },
})
