/** `policy apply`: checks policies, runs their tests, puts all of them in force or none. */

import { POLICY_LIMITS } from '../../../../policy/limits.ts'
import { Failure } from '../../../../runtime/failure.ts'
import { defineCommand, UsageError } from '../../command.ts'
import { counted, messageJson } from '../../output.ts'
import { readInput } from '../input.ts'
import { atServer, serverFlags } from '../server-flags.ts'
import { policyLine } from './print.ts'

const words = { CREATED: 'created', UPDATED: 'updated', UNCHANGED: 'unchanged' } as const

export const command = defineCommand({
  name: 'policy apply',
  summary: "Puts the access policies of YAML files in force, all or none; '-' is standard input",
  flags: { ...serverFlags, dryRun: { kind: 'bool', help: 'Check and test only' } },
  words: ['FILE...'],
  run: async (given, io, names) => {
    const files: { name: string; source: string }[] = []
    for (const name of names)
      files.push({
        name: name === '-' ? 'stdin' : name,
        source: await readInput(name, io, POLICY_LIMITS.maxTextBytes),
      })
    const request = { files, dryRun: given.dryRun }
    const answer = await atServer(given, io, (api) =>
      api.policies.unary('ApplyPolicies', request, { signal: io.signal }).catch(refused),
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

/** The server's list of problems, one per line, below a line that says what they mean. */
function refused(error: unknown): never {
  if (error instanceof Failure && error.fault === 'caller')
    throw new UsageError(`nothing was applied:\n${error.message}`, { cause: error })
  throw error
}
