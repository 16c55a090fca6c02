import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseConfig } from '../runtime/config.ts'
import { projectFile } from '../test/support/vectors.ts'
import { proxyConfig } from './config.ts'
import { deniedReasons } from './denied.ts'
import { defaultLimits } from './limits.ts'

const base = `proxy:
  trust_domain: example.org
  agent_socket_path: /run/agent/api.sock
  agent_proxy_socket_path: /run/agent/proxy.sock
  data_dir: /var/lib/proxy
`
const inbound = `  inbound:
    - app: inventory
      listen: 127.0.0.1:9443
      protocol: mcp
      upstream: {unix: /run/inventory/mcp.sock}
`

function problems(text: string): string[] {
  const parsed = parseConfig(text, proxyConfig)
  assert.ok('problems' in parsed, text)
  return parsed.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
}

test('the smallest file has usable defaults', () => {
  const parsed = parseConfig(base + inbound, proxyConfig)
  assert.ok('config' in parsed)
  const { settings } = parsed.config
  assert.deepEqual(settings.limits, defaultLimits)
  assert.equal(settings.durability, 'written')
  assert.deepEqual(settings.inbound, [
    {
      app: 'spiffe://example.org/ns/default/inventory',
      listen: { host: '127.0.0.1', port: 9443 },
      protocol: 'mcp',
      upstream: { unix: '/run/inventory/mcp.sock' },
      path: '/mcp',
      authorization: 'forward',
      names: [],
      origins: [],
    },
  ])
})

test('an app is a name, a namespace and a name, or a SPIFFE ID', () => {
  const apps = ['shop/stock', 'spiffe://other.org/x'].map((app) => {
    const parsed = parseConfig(
      `${base}  outbound: [{listen: "[::1]:7001", app: "${app}", address: "stock.internal:9443"}]\n`,
      proxyConfig,
    )
    assert.ok('config' in parsed)
    return parsed.config.settings.outbound[0]?.app
  })
  assert.deepEqual(apps, ['spiffe://example.org/ns/shop/stock', 'spiffe://other.org/x'])
})

test('each mistake is named with its place [BAD-2]', () => {
  assert.deepEqual(problems(`${base}${inbound}  colour: red\n`), [
    '11:3 unknown key "proxy.colour"',
  ])
  const [noListener] = problems(base)
  assert.match(noListener ?? '', /at least one listener/)
  const [open] = problems(
    `${base}  outbound: [{listen: "0.0.0.0:7001", app: a, address: "127.0.0.1:1"}]\n`,
  )
  assert.match(open ?? '', /^6:\d+ proxy\.outbound\.0\.listen: expected a loopback address/)
  const [far] = problems(
    (base + inbound).replace('{unix: /run/inventory/mcp.sock}', '{tcp: "10.0.0.1:80"}'),
  )
  assert.match(far ?? '', /^10:\d+ proxy\.inbound\.0\.upstream/)
  const [app] = problems((base + inbound).replace('app: inventory', 'app: a/b/c'))
  assert.match(app ?? '', /^7:\d+ proxy\.inbound\.0\.app: expected an App ID/)
  const [address] = problems((base + inbound).replace('127.0.0.1:9443', '127.0.0.1'))
  assert.match(address ?? '', /^8:\d+ proxy\.inbound\.0\.listen: expected HOST:PORT/)
  const [limit] = problems(`${base}${inbound}  limits: {idle_timeout: soon}\n`)
  assert.match(limit ?? '', /^11:\d+ proxy\.limits\.idle_timeout: expected a duration/)
})

test('the documentation shows a file that is valid, every limit and every reason', () => {
  const documentation = readFileSync(projectFile('docs/proxy.md'), 'utf8')
  const [, example = ''] = /```yaml\n(.*?)```/s.exec(documentation) ?? []
  assert.ok('config' in parseConfig(example, proxyConfig))
  for (const limit of Object.keys(defaultLimits)) {
    const key = limit.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    assert.ok(documentation.includes(`| \`${key}\` |`), key)
  }
  for (const reason of deniedReasons) assert.ok(documentation.includes(`| \`${reason}\` |`), reason)
})
