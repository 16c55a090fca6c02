import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import type { DaemonIo } from '../runtime/daemon.ts'
import { loadCatalog } from './catalog.ts'
import { runAgent } from './command.ts'
import { loadAgentConfig } from './config.ts'

const agent = {
  trust_domain: 'example.org',
  server_address: '127.0.0.1',
  server_port: 8081,
  data_dir: '/tmp/d',
  socket_path: '/run/public/api.sock',
  trust_bundle_path: '/tmp/missing.pem',
}
const plugins = {
  NodeAttestor: { join_token: { plugin_data: {} } },
  KeyManager: { memory: { plugin_data: {} } },
  WorkloadAttestor: { unix: { plugin_data: {} } },
}

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `agent validate` on a file with this content. */
async function validate(content: unknown, ...flags: string[]): Promise<Ran & { file: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'agent-config-'))
  const file = path.join(folder, 'agent.conf')
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 1))
  try {
    return { file, ...(await run(['validate', '-config', file, ...flags])) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function run(argv: readonly string[], env: DaemonIo['env'] = {}): Promise<Ran> {
  let [out, err] = ['', '']
  const io: DaemonIo = {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env,
  }
  const code = await runAgent(argv, io, AbortSignal.abort())
  return { code, out, err }
}

const invalid = (problem: string): string =>
  `SPIRE agent configuration file is invalid: ${problem}\n`

test('a good file is valid, as JSON and as YAML', async () => {
  const valid = { code: 0, out: 'SPIRE agent configuration file is valid.\n', err: '' }
  const { file: _file, ...json } = await validate({ agent, plugins })
  assert.deepEqual(json, valid)
  const { code } = await validate(
    'agent:\n  trust_domain: example.org\n  server_address: 127.0.0.1\n  server_port: 8081\n  trust_bundle_path: b.pem\nplugins: {}\n',
  )
  assert.equal(code, 0)
})

const without = (key: string): object =>
  Object.fromEntries(Object.entries(agent).filter(([name]) => name !== key))

const wrong: [string, unknown, string][] = [
  ['nothing', '', 'plugins section must be configured'],
  ['no agent section', { plugins }, 'agent section must be configured'],
  ['no server', { agent: without('server_address'), plugins }, 'server_address must be configured'],
  ['no port', { agent: without('server_port'), plugins }, 'server_port must be configured'],
  [
    'no trust domain',
    { agent: without('trust_domain'), plugins },
    'trust_domain must be configured',
  ],
  [
    'no bundle',
    { agent: without('trust_bundle_path'), plugins },
    'trust_bundle_path, trust_bundle_url, or trust_bundle_spiffe_workload_api must be configured unless insecure_bootstrap is set',
  ],
  [
    'two bootstraps',
    { agent: { ...agent, insecure_bootstrap: true }, plugins },
    'only one of insecure_bootstrap or trust_bundle_path can be specified, not both',
  ],
  [
    'a trust domain that is none',
    { agent: { ...agent, trust_domain: 'not valid' }, plugins },
    'could not parse trust_domain "not valid": trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores',
  ],
  [
    'an unknown log level',
    { agent: { ...agent, log_level: 'nope' }, plugins },
    'could not start logger: not a valid logrus Level: "nope"',
  ],
  [
    'an admin socket beside the public one',
    { agent: { ...agent, admin_socket_path: '/run/public/sub/admin.sock' }, plugins },
    'admin socket cannot be in the same directory or a subdirectory as that containing the Workload API socket',
  ],
  [
    'a proxy that is no SPIFFE ID',
    {
      agent: { ...agent, proxy_socket_path: '/run/proxy/p.sock', authorized_proxies: ['nope'] },
      plugins,
    },
    'error validating authorized proxy: scheme is missing or invalid',
  ],
]

for (const [what, content, problem] of wrong)
  test(`${what}: refused`, async () => {
    const { code, out, err } = await validate(content)
    assert.deepEqual({ code, out, err }, { code: 1, out: '', err: invalid(problem) })
  })

test('unknown keys are refused with their places [BAD-2]', async () => {
  const { code, err, file } = await validate({ agent: { ...agent, nope: 1 }, plugins })
  assert.equal(code, 1)
  assert.equal(
    err,
    invalid(`unknown configuration detected\n${file}:9:3: unknown key "agent.nope"`),
  )
})

test('a key of SPIRE that is not supported is refused by name', async () => {
  const { code, err } = await validate({ agent: { ...agent, rebootstrap_mode: 'auto' }, plugins })
  assert.equal(code, 1)
  assert.match(err, /:9:\d+: agent\.rebootstrap_mode: not supported yet/)
})

test('a file that is not there is named', async () => {
  const { code, err } = await run(['run', '-config', '/nowhere/agent.conf'])
  assert.equal(code, 1)
  assert.equal(err, 'could not find config file /nowhere/agent.conf: please use the -config flag\n')
})

test('flags go before the file, and its variables are filled in where wanted', async () => {
  const { code } = await validate({ agent: without('server_port'), plugins }, '-serverPort', '9')
  assert.equal(code, 0)
  const unset = await validate({ agent: { ...agent, trust_domain: '$TD' }, plugins })
  assert.equal(unset.code, 1)
  const empty = await validate({ agent: { ...agent, trust_domain: '$TD' }, plugins }, '-expandEnv')
  assert.equal(empty.err, invalid('trust_domain must be configured'))
})

test('a plugin that is not there, or has a setting that is none, is refused by name [BAD-2]', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'agent-config-'))
  const file = path.join(folder, 'agent.conf')
  const load = async (change: object): Promise<unknown> => {
    await writeFile(file, JSON.stringify({ agent, plugins: { ...plugins, ...change } }))
    return await loadCatalog(await loadAgentConfig(file))
  }
  await assert.rejects(
    load({ KeyManager: { nope: {} } }),
    /no KeyManager plugin named "nope"; there is: disk, memory/,
  )
  await assert.rejects(
    load({ NodeAttestor: {} }),
    /expected exactly one NodeAttestor plugin, found 0/,
  )
  await assert.rejects(
    load({ WorkloadAttestor: { unix: { plugin_data: { nope: 1 } } } }),
    /agent\.conf:1:\d+: unknown key "plugins\.WorkloadAttestor\.unix\.plugin_data\.nope"$/,
  )
  await rm(folder, { recursive: true })
})
