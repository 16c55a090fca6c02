import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { z } from 'zod'
import { describe, durationMs, loadConfig, parseConfig } from './config.ts'

const folder = await mkdtemp(path.join(tmpdir(), 'config-'))
after(() => rm(folder, { recursive: true }))

const schema = z.strictObject({
  server: z.strictObject({
    name: z.string(),
    port: z.number().int().max(65_535).default(8081),
    ttl: durationMs.optional(),
    peers: z.array(z.strictObject({ host: z.string() })).default([]),
  }),
})

function problemsOf(text: string): string[] {
  const result = parseConfig(text, schema)
  return 'problems' in result ? describe('f', result.problems).split('\n') : []
}

test('YAML and JSON are read alike, and what is left out takes its default', () => {
  const expected = { server: { name: 'a', port: 8081, ttl: 90_000, peers: [{ host: 'h' }] } }
  const yaml = 'server:\n  name: a\n  ttl: 1m30s\n  peers:\n    - host: h\n'
  assert.deepEqual(parseConfig(yaml, schema), { config: expected })
  const json = '{"server": {"name": "a", "ttl": "1m30s", "peers": [{"host": "h"}]}}'
  assert.deepEqual(parseConfig(json, schema), { config: expected })
})

test('each problem has its line and column [BAD-2]', () => {
  assert.deepEqual(
    problemsOf(
      [
        'server:',
        '  name: 7',
        '  port: 70000',
        '  ttl: soon',
        '  prot: 1',
        '  peers:',
        '    - host: h',
        '    - hots: h',
        'sever: {}',
      ].join('\n'),
    ).sort(),
    [
      'f:2:9: server.name: expected string, got number',
      'f:3:9: server.port: too big: expected number to be <=65535',
      'f:4:8: server.ttl: expected a duration such as 30s or 24h, got "soon"',
      'f:5:3: unknown key "server.prot"',
      'f:8:7: server.peers.1.host: missing, expected string',
      'f:8:7: unknown key "server.peers.1.hots"',
      'f:9:1: unknown key "sever"',
    ],
  )
})

test('keys that stand twice, aliases and broken YAML are problems [BAD-2]', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['server:\n  name: a\n  name: b\n', /^f:3:3: map keys must be unique/i],
    ['server: &s\n  name: a\nother: *s\n', /^f:3:8: aliases are not allowed$/],
    ['server: {name: a\n', /^f:\d+:\d+: /],
    ['server:\n\tname: a\n', /^f:2:\d+: /],
    ['', /server: missing, expected object$/],
    ['- a\n', /expected object, got array$/],
    ['--- {}\n--- {}\n', /^f:\d+:\d+: /],
  ]
  for (const [text, message] of cases) assert.match(problemsOf(text)[0] ?? 'none', message, text)
})

test('a problem of what is missing is shown where it is missing [BAD-2]', () => {
  assert.match(problemsOf('server:\n  port: 1\n').join(), /^f:2:3: server\.name: /)
})

test('a text over the limit is not looked at [BAD-6]', () => {
  const long = `server: {name: a}\n#${'x'.repeat(1 << 20)}`
  assert.deepEqual(problemsOf(long), ['f: longer than 1048576 characters'])
})

test('a file is named with its problems, and so is one that cannot be read [BAD-2]', async () => {
  const file = path.join(folder, 'server.yaml')
  await writeFile(file, 'server: {name: a, port: x}\n')
  await assert.rejects(loadConfig(file, schema), {
    code: 'invalid-configuration',
    message: `${file}:1:25: server.port: expected number, got string`,
  })
  const missing = path.join(folder, 'none.yaml')
  await assert.rejects(loadConfig(missing, schema), {
    code: 'invalid-configuration',
    message: /^cannot read .*none\.yaml: ENOENT/,
  })
  await writeFile(file, 'server: {name: a}\n')
  assert.equal((await loadConfig(file, schema)).server.name, 'a')
})

test('a file without end is given up at the limit', async () => {
  await assert.rejects(
    loadConfig('/dev/zero', z.unknown()),
    /cannot read \/dev\/zero: it is longer/,
  )
})
