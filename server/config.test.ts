import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { Failure } from '../runtime/failure.ts'
import { type ConfigOverrides, loadServerConfig, type ServerConfig } from './config.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'countersign-config-'))
})
after(() => rm(folder, { recursive: true }))

const plugins = 'plugins: {DataStore: {level: {}}, KeyManager: {memory: {}}}'
const smallest = `server: {trust_domain: example.org, data_dir: /tmp/d}\n${plugins}\n`

test('the smallest file has a usable default for everything else', async () => {
  const { settings, log } = await load(smallest)
  assert.deepEqual(settings.listen, { host: '0.0.0.0', port: 8081 })
  assert.equal(settings.socketPath, '/tmp/spire-server/private/api.sock')
  assert.equal(settings.x509SvidTtlSeconds, 3600)
  assert.equal(settings.agentTtlSeconds, 3600)
  assert.equal(settings.ca.caTtlSeconds, 86_400)
  assert.equal(settings.ca.x509KeyType, 'ec-p256')
  assert.deepEqual(settings.rateLimits, { attestation: true, signing: true })
  assert.equal(settings.plugins.nodeAttestors.size, 0)
  assert.deepEqual(log, { level: 'info', format: 'text' })
})

test('JSON is read like YAML, and what is under experimental does not matter', async () => {
  const config = {
    server: {
      trust_domain: 'example.org',
      data_dir: '/tmp/d',
      agent_ttl: '2h',
      experimental: { cache_reload_interval: '1s', events_based_cache: true },
    },
    plugins: {
      DataStore: { level: { plugin_data: { path: '/tmp/d/level' } } },
      KeyManager: { disk: { plugin_data: { keys_path: '/tmp/d/keys' } } },
      NodeAttestor: { join_token: { plugin_data: {} } },
    },
  }
  const { settings } = await load(JSON.stringify(config))
  assert.equal(settings.agentTtlSeconds, 7200)
  assert.deepEqual([...settings.plugins.nodeAttestors.keys()], ['join_token'])
})

test('flags go before the file, and variables are filled in when that is asked for', async () => {
  const { settings, log } = await load(smallest, {
    trustDomain: 'other.test',
    serverPort: 99,
    bindAddress: '127.0.0.1',
    dataDir: '/tmp/elsewhere',
    socketPath: '/tmp/other.sock',
    logLevel: 'DEBUG',
    logFormat: 'json',
    logFile: '/tmp/log',
  })
  assert.equal(settings.trustDomain, 'other.test')
  assert.deepEqual(settings.listen, { host: '127.0.0.1', port: 99 })
  assert.equal(settings.dataDir, '/tmp/elsewhere')
  assert.equal(settings.socketPath, '/tmp/other.sock')
  assert.deepEqual(log, { level: 'debug', format: 'json', file: '/tmp/log' })
  const variable = smallest.replace('example.org', '$DOMAIN')
  const filled = await load(variable, { expandEnv: { DOMAIN: 'filled.test' } })
  assert.equal(filled.settings.trustDomain, 'filled.test')
  await refused(variable, /could not parse trust_domain "\$DOMAIN"/)
})

const wrong: readonly [what: string, text: string, message: RegExp][] = [
  ['an empty file', '', /^trust_domain must be configured$/],
  ['no trust domain', `server: {data_dir: /d}\n${plugins}`, /^trust_domain must be configured$/],
  [
    'a trust domain that is none',
    server('trust_domain: not valid'),
    /^could not parse trust_domain "not valid": trust domain characters/,
  ],
  ['no data folder', `server: {trust_domain: a}\n${plugins}`, /^data_dir must be configured$/],
  ['no plugins', 'server: {trust_domain: a, data_dir: /d}', /^plugins section must be configured$/],
  [
    'a duration that is none',
    server('ca_ttl: x'),
    /^could not parse default CA ttl "x": time: invalid duration "x"$/,
  ],
  ['a duration of nothing', server('agent_ttl: 0s'), /^agent ttl must be a second or more/],
  [
    'a key type that is none',
    server('ca_key_type: nope'),
    /^error parsing ca_key_type: key type "nope" is unknown; must be one of \[rsa-2048/,
  ],
  [
    'a level that is none',
    server('log_level: nope'),
    /^could not start logger: not a valid logrus Level: "nope"$/,
  ],
  [
    'a format that is none',
    server('log_format: nope'),
    /^could not start logger: unknown logger format: "nope"$/,
  ],
  [
    'an administrator who is nobody',
    server('admin_ids: [nope]'),
    /^could not parse admin ID "nope": scheme is missing or invalid$/,
  ],
  [
    'an unknown key',
    server('nope: 1'),
    /^unknown configuration detected\n.*server\.yaml:3:3: unknown key "server\.nope"$/,
  ],
  [
    'a key of a later version',
    server('federation: {}'),
    /server\.yaml:3:\d+: server\.federation: not supported yet; remove it$/,
  ],
  [
    'an unknown plugin',
    'server: {trust_domain: a, data_dir: /d}\nplugins: {KeyManager: {awskms: {}}}',
    /there is no KeyManager plugin of this name; known are: disk, memory$/,
  ],
  [
    'two key managers',
    'server: {trust_domain: a, data_dir: /d}\nplugins: {DataStore: {level: {}}, KeyManager: {disk: {}, memory: {}}}',
    /^Validation errors:\n\tKeyManager:\n\t\tconstraint not satisfied: expected exactly 1 but got 2$/,
  ],
  [
    'no store',
    'server: {trust_domain: a, data_dir: /d}\nplugins: {KeyManager: {memory: {}}}',
    /^Validation errors:\n\tDataStore "level":\n\t\t'datastore' must be configured$/,
  ],
  [
    'what is no YAML',
    'server: [',
    /^unable to decode configuration at ".*server\.yaml": .*:1:\d+: /,
  ],
  ['what is no map', 'just text', /^unable to decode configuration at /],
]

for (const [what, text, message] of wrong)
  test(`${what} is refused in words that say what to mend [BAD-2]`, () => refused(text, message))

test('a file that is not there is named with the flag to give', async () => {
  await assert.rejects(
    loadServerConfig(path.join(folder, 'missing'), {}),
    /^Failure: could not find config file .*missing: please use the -config flag$/,
  )
})

function server(line: string): string {
  return `server:\n  trust_domain: example.org\n  ${line}\n  data_dir: /tmp/d\n${plugins}\n`.replace(
    /trust_domain: example.org\n {2}trust_domain/,
    'trust_domain',
  )
}

async function load(text: string, overrides: ConfigOverrides = {}): Promise<ServerConfig> {
  const file = path.join(folder, 'server.yaml')
  await writeFile(file, text)
  return await loadServerConfig(file, overrides)
}

async function refused(text: string, message: RegExp): Promise<void> {
  await assert.rejects(load(text), (error) => {
    assert.ok(error instanceof Failure)
    assert.equal(error.code, 'invalid-configuration')
    assert.match(error.message, message)
    return true
  })
}
