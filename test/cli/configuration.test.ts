/** docs/configuration.md and examples/configuration against the schemas that the daemons read by. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { runAgent } from '../../agent/command.ts'
import { agentConfigFile } from '../../agent/config.ts'
import { runProxy } from '../../proxy/command.ts'
import { proxyConfig } from '../../proxy/config.ts'
import { defaultLimits } from '../../proxy/limits.ts'
import { parseConfig } from '../../runtime/config.ts'
import type { DaemonIo } from '../../runtime/daemon.ts'
import { parseDurationMs } from '../../runtime/duration.ts'
import { runServer } from '../../server/command.ts'
import { loadServerConfig, serverConfig } from '../../server/config.ts'
import { projectFile } from '../support/vectors.ts'

const documentation = readFileSync(projectFile('docs/configuration.md'), 'utf8')

interface Daemon {
  readonly name: string
  readonly schema: z.ZodType
  /** The side of the schema on which its keys can be seen. */
  readonly side: 'input' | 'output'
  run(argv: readonly string[], io: DaemonIo, signal: AbortSignal): Promise<number>
}

const daemons: readonly Daemon[] = [
  { name: 'server', schema: serverConfig, side: 'output', run: runServer },
  { name: 'agent', schema: agentConfigFile, side: 'output', run: runAgent },
  { name: 'proxy', schema: proxyConfig, side: 'input', run: runProxy },
]

for (const { name, schema, side, run } of daemons) {
  const section = sectionOf(`${name}.yaml`)

  test(`each key of ${name}.yaml is described, and no other [BAD-2]`, () => {
    const known = keysOf(z.toJSONSchema(schema, { unrepresentable: 'any', io: side }))
    const described = [...rowsOf(section).keys(), ...refusedIn(section)]
    assert.deepEqual(described.sort(), [...new Set(known)].sort())
  })

  test(`the keys of ${name}.yaml that are said to be refused are refused by name [BAD-2]`, () => {
    for (const key of refusedIn(section)) {
      const parsed = parseConfig(JSON.stringify(nested(key.split('.'))), schema)
      const problems = 'problems' in parsed ? parsed.problems.map(({ message }) => message) : []
      assert.ok(problems.includes(`${key}: not supported yet; remove it`), problems.join('\n'))
    }
  })

  test(`the example of ${name}.yaml is valid`, async () => {
    const file = projectFile(`examples/configuration/${name}.yaml`)
    let said = ''
    const keep = (text: string): void => {
      said += text
    }
    const io: DaemonIo = { out: keep, err: keep, env: {} }
    const code = await run(['validate', '-config', file], io, new AbortController().signal)
    assert.deepEqual([code, said.includes(' is valid.\n')], [0, true], said)
  })
}

test('the defaults of the agent are those that the documentation tells', () => {
  const { log_level, ...agent } = agentConfigFile.shape.agent.unwrap().parse({})
  const told = defaultsIn('agent.yaml')
  assert.equal(told('agent.log_level'), log_level.toLowerCase())
  assert.equal(told('agent.log_format'), agent.log_format)
  assert.equal(told('agent.trust_bundle_format'), agent.trust_bundle_format)
  assert.equal(told('agent.insecure_bootstrap'), String(agent.insecure_bootstrap))
})

test('the defaults of the server are those that the documentation tells', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'configuration-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'server.yaml')
  const plugins = { DataStore: { level: {} }, KeyManager: { memory: {} } }
  await writeFile(
    file,
    JSON.stringify({ server: { trust_domain: 'example.org', data_dir: folder }, plugins }),
  )
  const { settings, log } = await loadServerConfig(file, {})
  const told = defaultsIn('server.yaml')
  const seconds = (key: string): number => (parseDurationMs(told(key)) ?? 0) / 1000
  assert.equal(told('server.bind_address'), settings.listen.host)
  assert.equal(told('server.bind_port'), String(settings.listen.port))
  assert.equal(told('server.socket_path'), settings.socketPath)
  assert.equal(seconds('server.default_x509_svid_ttl'), settings.x509SvidTtlSeconds)
  assert.equal(seconds('server.ca_ttl'), settings.ca.caTtlSeconds)
  assert.equal(told('server.ca_key_type'), settings.ca.x509KeyType)
  assert.deepEqual([told('server.ca_subject.country[]')], settings.ca.subject.country)
  assert.deepEqual([told('server.ca_subject.organization[]')], settings.ca.subject.organization)
  assert.deepEqual([told('server.log_level'), told('server.log_format')], [log.level, log.format])
  for (const limit of ['attestation', 'signing'] as const)
    assert.equal(told(`server.ratelimit.${limit}`), String(settings.rateLimits[limit]))
})

test('the limits of the proxy are those that the documentation tells', () => {
  const told = defaultsIn('proxy.yaml')
  for (const [name, value] of Object.entries(defaultLimits)) {
    const words = name.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    const text = told(`proxy.limits.${words}`)
    assert.equal(name.endsWith('Ms') ? parseDurationMs(text) : Number(text), value, name)
  }
})

type Schema = z.core.JSONSchema.JSONSchema

/** Every key that holds a value, with the keys above it; `[]` follows the key of a list. */
function keysOf(schema: Schema | boolean, path = ''): string[] {
  if (typeof schema === 'boolean') return [path]
  const { properties = {}, items, anyOf = [] } = schema
  const below = Object.entries(properties).flatMap(([name, inner]) =>
    keysOf(inner, path === '' ? name : `${path}.${name}`),
  )
  const alternatives = anyOf.flatMap((inner) =>
    typeof inner === 'object' && inner.type !== 'null' ? keysOf(inner, path) : [],
  )
  const inList =
    typeof items === 'object' && !Array.isArray(items) ? keysOf(items, `${path}[]`) : []
  const found = [...below, ...alternatives, ...inList]
  return found.length > 0 ? found : [path]
}

function nested([key = '', ...rest]: readonly string[]): object {
  return { [key]: rest.length === 0 ? {} : nested(rest) }
}

function sectionOf(title: string): string {
  const [, after = ''] = documentation.split(`\n## ${title}\n`)
  return after.split('\n## ')[0] ?? ''
}

/** The default that a table tells of a key, without its quotes. */
function defaultsIn(title: string): (key: string) => string {
  const rows = rowsOf(sectionOf(title))
  return (key) => rows.get(key)?.replaceAll('`', '') ?? assert.fail(`${key} is not described`)
}

/** Key and default of each row of the tables. */
function rowsOf(section: string): Map<string, string> {
  return new Map(
    [...section.matchAll(/^\| `([^`]+)` \|.*\| ?([^|]*?) ?\|$/gm)].map(
      ([, key = '', value = '']) => [key, value],
    ),
  )
}

function refusedIn(section: string): string[] {
  const [, list = ''] = /^Refused by name until they are built: (.*?)\.$/ms.exec(section) ?? []
  return [...list.matchAll(/`([^`]+)`/g)].map(([, key = '']) => key)
}
