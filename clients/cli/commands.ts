/**
 * The commands of `countersign`.
 *
 * One tree names every command; a command's file is loaded when it runs or its help is asked for.
 * `server run`, `agent run`, `proxy run` and their `validate` are programs of their own, which
 * `bin/countersign` starts directly: they are named here for the help.
 */

import type { Command, Io } from './command.ts'

type Load = () => Promise<{ readonly command: Command }>

interface Group {
  readonly summary: string
  /** Exit code where no command of this group was named; SPIRE's programs answer 127. */
  readonly unnamed: number
  readonly commands: Readonly<Record<string, Load | Group | string>>
}

const group = (summary: string, commands: Group['commands'], unnamed = 1): Group => ({
  summary,
  commands,
  unnamed,
})

const tree = group('Zero-trust identity and access for AI agents and MCP servers', {
  server: group(
    'the identity server: run it, administer it',
    {
      run: 'Runs the server',
      validate: 'Validates a SPIRE server configuration file',
      healthcheck: () => import('./commands/healthcheck/server.ts'),
      entry: group('registration entries', {
        create: () => import('./commands/entry/create.ts'),
        show: () => import('./commands/entry/show.ts'),
        delete: () => import('./commands/entry/delete.ts'),
      }),
      agent: group('attested agents', {
        list: () => import('./commands/agent/list.ts'),
        show: () => import('./commands/agent/show.ts'),
        ban: () => import('./commands/agent/ban.ts'),
        evict: () => import('./commands/agent/evict.ts'),
      }),
      token: group('join tokens', { generate: () => import('./commands/token/generate.ts') }),
      bundle: group('the trust bundle', {
        show: () => import('./commands/bundle/show.ts'),
        history: () => import('./commands/bundle/history.ts'),
      }),
    },
    127,
  ),
  agent: group(
    'the node agent: run it, ask it',
    {
      run: 'Runs the agent',
      validate: 'Validates a SPIRE agent configuration file',
      healthcheck: () => import('./commands/healthcheck/agent.ts'),
      api: group('the Workload API', {
        fetch: group('SVIDs', { x509: () => import('./commands/api/fetch-x509.ts') }),
      }),
    },
    127,
  ),
  proxy: group('the companion proxy', {
    run: 'Runs the proxy',
    validate: 'Validates a proxy configuration file',
  }),
  app: group('App IDs', { create: () => import('./commands/app/create.ts') }),
  policy: group('who may call what', {
    apply: () => import('./commands/policy/apply.ts'),
    get: () => import('./commands/policy/get.ts'),
    delete: () => import('./commands/policy/delete.ts'),
    'deny-all': () => import('./commands/policy/deny-all.ts'),
  }),
  audit: group('the record of decisions', {
    tail: () => import('./commands/audit/tail.ts'),
    verify: () => import('./commands/audit/verify.ts'),
  }),
  why: () => import('./commands/why.ts'),
  status: () => import('./commands/status.ts'),
  conformance: group('cases on standard input against the standards', {
    'parse-id': () => import('./commands/conformance/parse-id.ts'),
    'validate-x509': () => import('./commands/conformance/validate-x509.ts'),
    'parse-bundle': () => import('./commands/conformance/parse-bundle.ts'),
    'validate-path': () => import('./commands/conformance/validate-path.ts'),
  }),
})

/** Words that name a command by default: SPIRE's `api fetch` is `api fetch x509`. */
const defaults: Readonly<Record<string, string>> = { fetch: 'x509' }

/** Runs the command that the words name; the exit code. */
export async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  let here = tree
  const path: string[] = []
  for (const word of argv) {
    const found = Object.hasOwn(here.commands, word) ? here.commands[word] : undefined
    if (found === undefined) break
    if (typeof found === 'string')
      throw new TypeError(`${[...path, word].join(' ')} is started by bin/countersign`)
    path.push(word)
    if (typeof found === 'function')
      return await (await found()).command.run(argv.slice(path.length), io)
    here = found
  }
  return await unnamed(here, path, argv.slice(path.length), io)
}

/** Words that named a group and no command of it. */
async function unnamed(
  here: Group,
  path: readonly string[],
  rest: readonly string[],
  io: Io,
): Promise<number> {
  const [word = ''] = rest
  const preset = here.commands[defaults[path.at(-1) ?? ''] ?? '']
  if (typeof preset === 'function') return await (await preset()).command.run(rest, io)
  if (/^--?version$/.test(word)) {
    io.err(`${await version()}\n`)
    return 0
  }
  io.err(await groupHelp(here, path))
  return /^--?h(?:elp)?$/.test(word) || (path.length === 0 && word === '') ? 0 : here.unnamed
}

/** The programs list their commands; the groups below them show each command's flags too. */
async function groupHelp(here: Group, path: readonly string[]): Promise<string> {
  const width = Math.max(...Object.keys(here.commands).map((name) => name.length)) + 4
  const usages: string[] = []
  const lines: string[] = []
  for (const [name, found] of Object.entries(here.commands)) {
    const loaded = typeof found === 'function' ? (await found()).command : undefined
    const summary = loaded?.summary ?? (typeof found === 'string' ? found : summaryOf(found))
    if (loaded !== undefined && path.length > 1) usages.push(loaded.usage())
    lines.push(`    ${name.padEnd(width)}${summary}\n`)
  }
  const head = `Usage: ${['countersign', ...path].join(' ')} [--version] [--help] <command> [<args>]\n\n`
  if (usages.length > 0)
    return `${usages.join('')}This command is accessed by using one of the subcommands below.\n\nSubcommands:\n${lines.join('')}`
  return `${head}${here.summary}\n\nAvailable commands are:\n${lines.join('')}`
}

function summaryOf(found: Load | Group): string {
  return typeof found === 'function' ? '' : found.summary
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
