/**
 * The commands of `countersign`.
 *
 * One tree names every command; a command's file is loaded when it runs or its help is asked for.
 * `server run`, `agent run`, `proxy run` and their `validate` are programs of their own, which
 * `bin/countersign` starts directly: they are named here for the help.
 */

import type { Io } from './command.ts'
import { type Group, group } from './command-group.ts'
import { groupHelp, unknownWord } from './group-help.ts'

const fetchX509 = () => import('./commands/api/fetch-x509.ts')

const tree = group('Zero-trust identity and access for AI agents and MCP servers', {
  server: group(
    'Runs and administers the identity server',
    {
      run: 'Runs the server',
      validate: 'Validates a server configuration file',
      healthcheck: () => import('./commands/healthcheck/server.ts'),
      entry: group('Manages registration entries: who gets which identity', {
        create: () => import('./commands/entry/create.ts'),
        show: () => import('./commands/entry/show.ts'),
        delete: () => import('./commands/entry/delete.ts'),
      }),
      agent: group('Manages attested agents', {
        list: () => import('./commands/agent/list.ts'),
        show: () => import('./commands/agent/show.ts'),
        ban: () => import('./commands/agent/ban.ts'),
        evict: () => import('./commands/agent/evict.ts'),
      }),
      token: group('Makes join tokens', {
        generate: () => import('./commands/token/generate.ts'),
      }),
      bundle: group('Shows the trust bundle and its history', {
        show: () => import('./commands/bundle/show.ts'),
        history: () => import('./commands/bundle/history.ts'),
      }),
    },
    { unnamed: 127 },
  ),
  agent: group(
    'Runs the node agent and asks it',
    {
      run: 'Runs the agent',
      validate: 'Validates an agent configuration file',
      healthcheck: () => import('./commands/healthcheck/agent.ts'),
      api: group('Asks the Workload API', {
        fetch: group(
          'Fetches SVIDs from the Workload API',
          { x509: fetchX509 },
          { preset: fetchX509, refused: ['jwt'] },
        ),
      }),
    },
    { unnamed: 127 },
  ),
  proxy: group('Runs the companion proxy', {
    run: 'Runs the proxy',
    validate: 'Validates a proxy configuration file',
  }),
  app: group('Registers App IDs', { create: () => import('./commands/app/create.ts') }),
  policy: group('Says who may call what', {
    apply: () => import('./commands/policy/apply.ts'),
    get: () => import('./commands/policy/get.ts'),
    delete: () => import('./commands/policy/delete.ts'),
    'deny-all': () => import('./commands/policy/deny-all.ts'),
  }),
  audit: group('Reads and verifies the record of decisions', {
    tail: () => import('./commands/audit/tail.ts'),
    verify: () => import('./commands/audit/verify.ts'),
  }),
  why: () => import('./commands/why.ts'),
  status: () => import('./commands/status.ts'),
  conformance: group('Judges cases on standard input by the standards', {
    'parse-id': () => import('./commands/conformance/parse-id.ts'),
    'validate-x509': () => import('./commands/conformance/validate-x509.ts'),
    'parse-bundle': () => import('./commands/conformance/parse-bundle.ts'),
    'validate-path': () => import('./commands/conformance/validate-path.ts'),
  }),
})

/** Runs the command that the words name; the exit code. */
export async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  const [first, ...words] = argv
  if (first === 'help') return await runCommand([...words, '-help'], io)
  if (first === 'version' || asksForVersion(first)) {
    io.out(`${await version()}\n`)
    return 0
  }
  let here = tree
  const path: string[] = []
  for (const word of argv) {
    const named = Object.hasOwn(here.commands, word) ? here.commands[word] : undefined
    if (named === undefined) break
    path.push(word)
    if (typeof named === 'string') return startedElsewhere(path, named, io)
    if (typeof named === 'function')
      return await (await named()).command.run(argv.slice(path.length), io)
    here = named
  }
  return await unnamed(here, path, argv.slice(path.length), io)
}

/** `bin/countersign` starts these itself; here they are only asked about, by `help server run`. */
function startedElsewhere(path: readonly string[], summary: string, io: Io): number {
  io.err(`${summary}.\n\ncountersign ${path.join(' ')} -help shows its flags.\n`)
  return 0
}

/** Words that named a group and no command of it. */
async function unnamed(
  here: Group,
  path: readonly string[],
  rest: readonly string[],
  io: Io,
): Promise<number> {
  const [word] = rest
  if (here.preset !== undefined && !here.refused.includes(word ?? ''))
    return await (await here.preset()).command.run(rest, io)
  if (asksForVersion(word)) {
    io.err(`${await version()}\n`)
    return 0
  }
  io.err(await groupHelp(here, path))
  if (word === undefined) return path.length === 0 ? 0 : here.unnamed
  if (/^--?h(?:elp)?$/.test(word)) return 0
  // Last, where a person looks first; SPIRE's help begins at once.
  io.err(`\n${unknownWord(here, path, word)}`)
  return here.unnamed
}

function asksForVersion(word: string | undefined): boolean {
  return word === '-version' || word === '--version'
}

async function version(): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  for (const up of ['../..', '../../..']) {
    try {
      const text = await readFile(new URL(`${up}/package.json`, import.meta.url), 'utf8')
      const found: unknown = JSON.parse(text)
      if (typeof found === 'object' && found !== null && 'version' in found)
        return String(found.version)
    } catch (error) {
      if (up === '../../..') throw error
    }
  }
  return 'unknown'
}
