/** `policy apply`: checks policies, runs their tests, puts all of them in force or none. */

import { defineCommand, UsageError } from '../../command.ts'
import { counted, messageJson } from '../../output.ts'
import { readInput } from '../input.ts'
import { atServer, serverFlags } from '../server-flags.ts'
import { policyLine } from './print.ts'

const words = { CREATED: 'created', UPDATED: 'updated', UNCHANGED: 'unchanged' } as const

export const command = defineCommand({
  name: 'policy apply',
  summary: 'Puts access policies in force',
  flags: {
    ...serverFlags,
    file: { kind: 'list', help: "YAML file; '-' reads standard input; may be repeated" },
    dryRun: { kind: 'bool', help: 'check and test only' },
  },
  words: ['FILE'],
  run: async (given, io, rest) => {
    const files = [...given.file, ...rest]
    if (files.length === 0) throw new UsageError('a file is required: policy apply FILE')
    const read: { name: string; source: string }[] = []
    for (const name of files) read.push({ name, source: await readInput(name, io) })
    const request = { files: read, dryRun: given.dryRun }
    const answer = await atServer(given, io, (api) =>
      api.policies.unary('ApplyPolicies', request, { signal: io.signal }),
    )
    if (given.output === 'json') {
      io.out(messageJson(answer))
      return 0
    }
    for (const { policy, change, testsPassed } of answer.results) {
      const tests = testsPassed > 0 ? `, ${counted(testsPassed, 'test', 'tests')} passed` : ''
      const done = given.dryRun ? `would be ${words[change]}` : words[change]
      if (policy) io.out(`${done}  ${policyLine(policy)}${tests}\n`)
    }
    return 0
  },
})
