/** `policy get [APP] [NAME]`: what is in force. */

import { allPages } from '../../../admin-api/pages.ts'
import { defineCommand, UsageError } from '../../command.ts'
import { messageJson } from '../../output.ts'
import { atServer, serverFlags } from '../server-flags.ts'
import { policyLine } from './print.ts'

const pageSize = 500

export const command = defineCommand({
  name: 'policy get',
  summary: 'Shows the access policies in force',
  flags: { ...serverFlags, source: { kind: 'bool', help: 'Print the YAML as it was applied' } },
  words: ['APP?', 'NAME?'],
  run: async (given, io, [app = '', name]) => {
    const policies = await atServer(given, io, (api) => {
      const client = api.policies
      return allPages(
        (pageToken) =>
          client.unary('ListPolicies', { app, pageSize, pageToken }, { signal: io.signal }),
        (page) => page.policies,
      )
    })
    const wanted = policies.filter((policy) => name === undefined || policy.name === name)
    if (name !== undefined && wanted.length === 0)
      throw new UsageError(`there is no policy ${JSON.stringify(name)} for ${app}`, {
        hint: `countersign policy get ${app} lists what is in force`,
      })
    if (given.output === 'json') io.out(messageJson({ policies: wanted }))
    else if (given.source) io.out(wanted.map((policy) => policy.source).join('\n---\n'))
    else if (wanted.length === 0) io.err('no policies: every call is denied\n')
    else for (const policy of wanted) io.out(`${policyLine(policy)}\n`)
    return 0
  },
})
