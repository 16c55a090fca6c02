/** `policy deny-all APP`: one command that stops every call to an app. */

import { defineCommand } from '../../command.ts'
import { messageJson, shown } from '../../output.ts'
import { atServer, serverFlags } from '../server-flags.ts'

export const command = defineCommand({
  name: 'policy deny-all',
  summary: 'Replaces every policy of an app by one that allows nothing',
  flags: serverFlags,
  words: ['APP'],
  run: async (given, io, [app = '']) => {
    const answer = await atServer(given, io, (api) =>
      api.policies.unary('DenyAll', { app }, { signal: io.signal }),
    )
    if (given.output === 'json') io.out(messageJson(answer))
    else {
      const replaced = answer.replaced.map(shown).join(', ')
      io.out(`every call to ${shown(answer.policy?.app ?? app)} is denied\n`)
      io.out(`replaced: ${replaced === '' ? 'nothing' : replaced}\n`)
    }
    return 0
  },
})
