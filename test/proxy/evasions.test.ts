/**
 * Ways in which a denied call was seen to get past gateways: the forbidden tool runs 0
 * times, and the honest request (the allowed tool, the defect removed) runs once. docs/proxy.md.
 */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { CountingUpstream } from '../support/counting-upstream.ts'
import { type Bench, callerId, openBench } from '../support/proxy-bench.ts'
import { askBytes, type Door, mtlsDoor, plainDoor } from '../support/raw-http.ts'

const policies = `
apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: evasions}
spec:
  app: tools
  rules:
    - callers: [weather]
      mcp: {tools: [get_weather]}
`

type Fields = readonly (readonly [name: string, value: string])[]

interface Shape {
  readonly method?: string
  readonly target?: string
  /** Instead of the usual ones. */
  readonly fields?: Fields
  /** Besides the usual ones. */
  readonly more?: Fields
  readonly body?: Uint8Array | string
  /** Without its Content-Length, when the framing is part of the case. */
  readonly isFramed?: boolean
}

const legacyFields: Fields = [
  ['Content-Type', 'application/json'],
  ['Accept', 'application/json, text/event-stream'],
]

function modernFields(tool: string): Fields {
  return [
    ...legacyFields,
    ['MCP-Protocol-Version', '2026-07-28'],
    ['Mcp-Method', 'tools/call'],
    ['Mcp-Name', tool],
  ]
}

function call(tool: string): string {
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${tool}","arguments":{}}}`
}

function modernCall(tool: string, version = '2026-07-28'): string {
  const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"${version}"}`
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${tool}","arguments":{},${meta}}}`
}

function bytesOf(shape: Shape, host: string): Buffer {
  const { method = 'POST', target = '/mcp', fields = legacyFields, more = [], isFramed } = shape
  const body = Buffer.from(shape.body ?? call('delete_all'))
  const all = [...fields, ...more]
  if (!all.some(([name]) => name.toLowerCase() === 'host')) all.unshift(['Host', host])
  if (isFramed !== true) all.push(['Content-Length', String(body.length)])
  const lines = [`${method} ${target} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`)]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}

interface Evasion {
  /** Its id in test/requirements.ts. */
  readonly row: string
  readonly name: string
  readonly attack: Shape
  /** The defect removed and the allowed tool; the plain call unless told. */
  readonly honest?: Shape
  /** Status of the attack's answer where the table names one; 0 for a closed connection. */
  readonly status?: readonly number[]
}

const media = (value: string): Fields => [
  ['Content-Type', value],
  ['Accept', 'application/json, text/event-stream'],
]
const chunks = (text: string): string =>
  `${[...text].map((each) => `1\r\n${each}\r\n`).join('')}0\r\n\r\n`
const chunked: Fields = [['Transfer-Encoding', 'chunked']]
const params = (inner: string): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${inner}}}`
const withId = (id: string, tool: string): string => call(tool).replace('"id":1', `"id":${id}`)
const encoded = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`
const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

const evasions: readonly Evasion[] = [
  {
    row: 'MCP-1',
    name: 'a second name, the harmless one first',
    attack: { body: params('"name":"get_weather","name":"delete_all","arguments":{}') },
    status: [400],
  },
  {
    row: 'MCP-1',
    name: 'a second key deep inside the arguments',
    attack: { body: params('"name":"get_weather","arguments":{"a":{"b":[{"c":1,"c":2}]}}') },
    honest: { body: params('"name":"get_weather","arguments":{"a":{"b":[{"c":1,"d":2}]}}') },
    status: [400],
  },
  {
    row: 'MCP-2',
    name: 'two params objects',
    attack: {
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_weather"},"params":{"name":"delete_all"}}',
    },
    status: [400],
  },
  {
    row: 'MCP-2',
    name: 'two methods',
    attack: {
      body: '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"delete_all"}}',
    },
    status: [400],
  },
  {
    row: 'MCP-3',
    name: 'a second key in escapes',
    attack: { body: params('"name":"get_weather","na\\u006de":"delete_all"') },
    honest: { body: params('"na\\u006de":"get_weather"') },
    status: [400],
  },
  {
    row: 'MCP-4',
    name: 'a tool name in escapes',
    attack: { body: call('delet\\u0065_all') },
    honest: { body: call('get_w\\u0065ather') },
    status: [200],
  },
  {
    row: 'MCP-5',
    name: 'an escaped slash in the method',
    attack: { body: call('delete_all').replace('tools/call', 'tools\\/call') },
    honest: { body: call('get_weather').replace('tools/call', 'tools\\/call') },
    status: [200],
  },
  {
    row: 'MCP-6',
    name: 'a batch',
    attack: { body: `[${call('get_weather')},${call('delete_all')}]` },
    status: [400],
  },
  {
    row: 'MCP-6',
    name: 'a batch of an old revision',
    attack: {
      body: `[${call('delete_all')}]`,
      more: [['MCP-Protocol-Version', '2025-03-26']],
    },
    honest: { body: call('get_weather'), more: [['MCP-Protocol-Version', '2025-03-26']] },
    status: [400],
  },
  ...(
    [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ] as const
  ).map(([encoding, compress]) => ({
    row: 'MCP-7',
    name: `a body in ${encoding}`,
    attack: {
      body: compress(call('delete_all')),
      more: [['Content-Encoding', encoding]] as Fields,
    },
    honest: { body: call('get_weather'), more: [['Content-Encoding', 'identity']] as Fields },
    status: [415],
  })),
  {
    row: 'MCP-8',
    name: 'another charset',
    attack: {
      fields: media('application/json; charset=utf-16le'),
      body: Buffer.from(call('delete_all'), 'utf16le'),
    },
    honest: { fields: media('application/json; charset=UTF-8'), body: call('get_weather') },
    status: [415],
  },
  {
    row: 'MCP-8',
    name: 'UTF-16 with a byte order mark',
    attack: { body: Buffer.from(`\ufeff${call('delete_all')}`, 'utf16le') },
    status: [400],
  },
  {
    row: 'MCP-9',
    name: 'a UTF-8 byte order mark',
    attack: { body: `\ufeff${call('delete_all')}` },
    status: [400],
  },
  {
    row: 'MCP-10',
    name: 'invalid UTF-8 in a string',
    attack: {
      body: Buffer.concat([
        Buffer.from(
          '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_all","x":"',
        ),
        Buffer.from([0xff]),
        Buffer.from('"}}'),
      ]),
    },
    status: [400],
  },
  ...[
    'text/plain; a=application/json',
    'application/json-patch+json',
    'application/json, text/plain',
  ].map((value) => ({
    row: 'MCP-11',
    name: `Content-Type ${value}`,
    attack: { fields: media(value) },
    status: [415],
  })),
  {
    row: 'MCP-11',
    name: 'two Content-Types',
    attack: { more: [['Content-Type', 'text/plain']] },
    status: [400],
  },
  {
    row: 'MCP-12',
    name: 'Application/JSON',
    attack: { fields: media('Application/JSON') },
    honest: { fields: media('Application/JSON'), body: call('get_weather') },
    status: [200],
  },
  {
    row: 'MCP-13',
    name: 'what is no MCP message',
    attack: { body: '{"tool":"delete_all"}' },
    status: [400],
  },
  ...['Delete_All', 'delete_all ', 'ｄelete_all'].map((tool) => ({
    row: 'MCP-14',
    name: `the tool as ${tool}`,
    attack: { body: call(tool) },
    status: [200],
  })),
  {
    row: 'MCP-14',
    name: 'the method in capitals',
    attack: { body: call('delete_all').replace('tools/call', 'Tools/Call') },
    status: [200],
  },
  {
    row: 'MCP-15',
    name: '__proto__',
    attack: { body: params('"name":"get_weather","__proto__":{"name":"delete_all"}') },
    status: [400],
  },
  {
    row: 'MCP-16',
    name: 'chunks of one byte',
    attack: { body: chunks(call('delete_all')), more: chunked, isFramed: true },
    honest: { body: chunks(call('get_weather')), more: chunked, isFramed: true },
    status: [200],
  },
  {
    row: 'MCP-16',
    name: '64 KB of white space first',
    attack: { body: ' '.repeat(65_536) + call('delete_all') },
    honest: { body: ' '.repeat(65_536) + call('get_weather') },
    status: [200],
  },
  {
    row: 'MCP-17',
    name: 'a body over the limit',
    attack: { body: params(`"name":"delete_all","arguments":{"a":"${'x'.repeat(4 << 20)}"}`) },
    honest: { body: params(`"name":"get_weather","arguments":{"a":"${'x'.repeat(1 << 20)}"}`) },
    status: [413],
  },
  {
    row: 'MCP-18',
    name: 'depth of 20,000',
    attack: { body: params(`"name":"delete_all","arguments":{"a":${deep(20_000)}}`) },
    honest: { body: params(`"name":"get_weather","arguments":{"a":${deep(50)}}`) },
    status: [400],
  },
  {
    row: 'MCP-19',
    name: 'something after the message',
    attack: { body: `${call('get_weather')}${call('delete_all')}` },
    honest: { body: `${call('get_weather')}\n` },
    status: [400],
  },
  ...['/mcp/', '/MCP', 'http://127.0.0.1/mcp'].map((target) => ({
    row: 'MCP-20',
    name: `target ${target}`,
    attack: { target },
    status: [400, 404],
  })),
  ...['//mcp', '/%6dcp', '/x/../mcp', '/mcp;a=1', '/./mcp', '/mcp?a=1', '/mcp#a'].map((target) => ({
    row: 'MCP-21',
    name: `target ${target}`,
    attack: { target },
    status: [400],
  })),
  {
    row: 'MCP-22',
    name: 'a method in a header field',
    attack: {
      method: 'PUT',
      more: [['X-HTTP-Method-Override', 'POST']],
    },
    honest: { body: call('get_weather'), more: [['X-HTTP-Method-Override', 'DELETE']] },
    status: [405],
  },
  {
    row: 'MCP-23',
    name: 'length and chunks at once',
    attack: { body: chunks(call('delete_all')), more: chunked },
    status: [400],
  },
  {
    row: 'MCP-23',
    name: 'xchunked',
    attack: { more: [['Transfer-Encoding', 'xchunked']] },
    status: [400],
  },
  {
    row: 'MCP-23',
    name: 'a space after a field name',
    attack: { more: [['X-A ', 'b']] },
    status: [400],
  },
  {
    row: 'MCP-23',
    name: 'a folded line',
    attack: { more: [['X-A', 'b\r\n c']] },
    status: [400],
  },
  {
    row: 'MCP-23',
    name: 'a bare line feed',
    attack: { more: [['X-A', 'b\nX-B: c']] },
    status: [400],
  },
  {
    row: 'MCP-23',
    name: 'an underscore in a field name',
    attack: { more: [['Content_Length', '3']] },
    status: [400],
  },
  {
    row: 'MCP-23',
    name: 'bytes beyond ASCII in a field',
    attack: { more: [['X-A', '\xe9']] },
    status: [400],
  },
  {
    row: 'MCP-24',
    name: 'Upgrade: h2c',
    attack: {
      more: [
        ['Connection', 'Upgrade, HTTP2-Settings'],
        ['Upgrade', 'h2c'],
      ],
    },
    status: [400],
  },
  {
    row: 'MCP-24',
    name: 'CONNECT',
    attack: { method: 'CONNECT', target: '127.0.0.1:80' },
    status: [405],
  },
  {
    row: 'MCP-24',
    name: 'Expect: 100-continue',
    attack: { more: [['Expect', '100-continue']] },
    honest: { body: call('get_weather'), more: [['Expect', '100-continue']] },
    status: [200],
  },
  {
    row: 'MCP-24',
    name: 'another expectation',
    attack: { more: [['Expect', 'something']] },
    status: [417],
  },
  {
    row: 'MCP-24',
    name: 'trailers',
    attack: {
      body: chunks(call('delete_all')).replace(/0\r\n\r\n$/, '0\r\nX-Evil: yes\r\n\r\n'),
      more: [...chunked, ['Trailer', 'X-Evil']],
      isFramed: true,
    },
    honest: {
      body: chunks(call('get_weather')).replace(/0\r\n\r\n$/, '0\r\nX-Evil: yes\r\n\r\n'),
      more: [...chunked, ['Trailer', 'X-Evil']],
      isFramed: true,
    },
    status: [200],
  },
  {
    row: 'MCP-26',
    name: 'Mcp-Name named in Connection',
    attack: {
      fields: modernFields('delete_all'),
      more: [['Connection', 'Mcp-Name']],
      body: modernCall('delete_all'),
    },
    honest: {
      fields: modernFields('get_weather'),
      more: [['Connection', 'Mcp-Name']],
      body: modernCall('get_weather'),
    },
    status: [200],
  },
  {
    row: 'MCP-27',
    name: 'two Mcp-Names',
    attack: {
      fields: [...modernFields('get_weather'), ['Mcp-Name', 'delete_all']],
      body: modernCall('delete_all'),
    },
    status: [400],
  },
  {
    row: 'MCP-28',
    name: 'fields that name the allowed tool',
    attack: { fields: modernFields('get_weather'), body: modernCall('delete_all') },
    honest: { fields: modernFields('get_weather'), body: modernCall('get_weather') },
    status: [400],
  },
  {
    row: 'MCP-28',
    name: 'fields that name the allowed tool, in the old era',
    attack: { more: [['Mcp-Name', 'get_weather']] },
    status: [400],
  },
  {
    row: 'MCP-28',
    name: 'fields and body that agree on the forbidden tool',
    attack: { fields: modernFields('delete_all'), body: modernCall('delete_all') },
    honest: { fields: modernFields('get_weather'), body: modernCall('get_weather') },
    status: [200],
  },
  {
    row: 'MCP-29',
    name: 'an older revision in the field than in the body',
    attack: { more: [['MCP-Protocol-Version', '2025-03-26']], body: modernCall('get_weather') },
    status: [400],
  },
  {
    row: 'MCP-29',
    name: 'the new revision in the body alone',
    attack: { body: modernCall('get_weather') },
    status: [400],
  },
  {
    row: 'MCP-29',
    name: 'a revision that nobody knows',
    attack: { more: [['MCP-Protocol-Version', '2027-01-01']], body: call('get_weather') },
    status: [400],
  },
  {
    row: 'MCP-31',
    name: 'the forbidden tool in base64',
    attack: { fields: modernFields(encoded('delete_all')), body: modernCall('delete_all') },
    honest: { fields: modernFields(encoded('get_weather')), body: modernCall('get_weather') },
    status: [200],
  },
  {
    row: 'MCP-31',
    name: 'the allowed tool in base64 over the forbidden one',
    attack: { fields: modernFields(encoded('get_weather')), body: modernCall('delete_all') },
    status: [400],
  },
  {
    row: 'MCP-32',
    name: 'a call without an id',
    attack: { body: call('delete_all').replace('"id":1,', '') },
    status: [400],
  },
  ...['null', '1.5', '1e25', '9007199254740993', '-0', '[1]', 'true'].map((id) => ({
    row: 'MCP-33',
    name: `id ${id}`,
    attack: { body: withId(id, 'get_weather') },
    honest: { body: withId('9007199254740991', 'get_weather') },
    status: [400],
  })),
  {
    row: 'MCP-34',
    name: 'the Host of a stranger',
    attack: { more: [['Host', 'evil.test']] },
    status: [403],
  },
  {
    row: 'MCP-34',
    name: 'two Hosts',
    attack: {
      more: [
        ['Host', '127.0.0.1'],
        ['Host', 'evil.test'],
      ],
    },
    status: [400],
  },
  ...['https://evil.test', 'null', 'http://127.0.0.1.evil.test'].map((origin) => ({
    row: 'MCP-34',
    name: `Origin ${origin}`,
    attack: { more: [['Origin', origin]] as Fields },
    status: [403],
  })),
]

let upstream: CountingUpstream
let bench: Bench
let doors: readonly { readonly name: string; readonly door: Door; readonly host: string }[]

before(async () => {
  upstream = await CountingUpstream.open()
  bench = await openBench({ upstream: { tcp: upstream.address }, policies })
  const { inboundPort, outboundPort, ca } = bench
  doors = [
    { name: 'outbound', door: plainDoor(outboundPort), host: `127.0.0.1:${outboundPort}` },
    {
      name: 'inbound',
      door: mtlsDoor(inboundPort, ca.svid(callerId)),
      host: `127.0.0.1:${inboundPort}`,
    },
  ]
})

after(async () => {
  await bench.close()
  await upstream.close()
})

for (const { row, name, attack, honest = { body: call('get_weather') }, status } of evasions)
  test(`evasion: ${name} [${row}]`, async () => {
    for (const { name: at, door, host } of doors) {
      const denied = await askBytes(door, bytesOf(attack, host))
      assert.deepEqual(upstream.take(), [], `${at}: the attack reached the app`)
      assert.ok(
        status?.includes(denied.status) ?? true,
        `${at}: answered ${denied.status} ${denied.body}`,
      )
      if (denied.status === 200) assert.match(denied.body, /"code":403001/, at)

      const allowed = await askBytes(door, bytesOf(honest, host))
      assert.equal(allowed.status, 200, `${at}: ${allowed.body}`)
      const [seen, ...others] = upstream.take()
      assert.ok(seen !== undefined && others.length === 0, `${at}: the honest request runs once`)
      assert.ok(seen.body.includes('"name":"get_weather"'), `${at}: in canonical form`)
      assert.equal(seen.target, '/mcp')
    }
  })

test('evasion: Mcp-* fields are written anew from the body [MCP-26]', async () => {
  for (const { door, host } of doors) {
    const fields = modernFields(encoded('get_weather'))
    const shape = { fields, more: [['Connection', 'mcp-name, close']] as Fields }
    await askBytes(door, bytesOf({ ...shape, body: modernCall('get_weather') }, host))
    const [seen] = upstream.take()
    assert.equal(seen?.headers['mcp-name'], 'get_weather')
    assert.equal(seen.headers['mcp-method'], 'tools/call')
    assert.equal(seen.headers['mcp-protocol-version'], '2026-07-28')
  }
})

test('evasion: trailers end here [MCP-24]', async () => {
  for (const { door, host } of doors) {
    const body = chunks(call('get_weather')).replace(/0\r\n\r\n$/, '0\r\nX-Evil: yes\r\n\r\n')
    await askBytes(
      door,
      bytesOf({ body, more: [...chunked, ['Trailer', 'X-Evil']], isFramed: true }, host),
    )
    const [seen] = upstream.take()
    assert.ok(seen !== undefined && !seen.rawHeaders.some((each) => /evil/i.test(each)))
  }
})

test('evasion: a filtered list is private and never stored [MCP-38]', async () => {
  for (const { door, host } of doors) {
    const list = '{"jsonrpc":"2.0","id":"l","method":"tools/list"}'
    const { fields, body } = await askBytes(door, bytesOf({ body: list }, host))
    assert.equal(fields.get('cache-control'), 'no-store')
    assert.match(body, /get_weather/)
    assert.doesNotMatch(body, /delete_all/)
    assert.equal(upstream.take().length, 1)
  }
})

test('evasion: claims about the caller come from the verified peer alone [MCP-42]', async () => {
  const claims: Fields = [
    ['X-Forwarded-Client-Cert', 'URI=spiffe://example.org/admin'],
    ['x-FORWARDED-for', '10.0.0.1'],
    ['X-Spiffe-Id', 'spiffe://example.org/admin'],
    ['X-Forwarded-User', 'admin'],
    ['Workload-Identity-Token', 'admin'],
    ['X-Original-URL', '/admin'],
    ['Forwarded', 'for=admin'],
    ['Remote-User', 'admin'],
    ['Connection', 'X-Forwarded-Client-Cert, Authorization'],
  ]
  for (const { door, host } of doors) {
    await askBytes(door, bytesOf({ body: call('get_weather'), more: claims }, host))
    const [seen] = upstream.take()
    assert.ok(seen !== undefined)
    assert.ok(!seen.rawHeaders.some((each) => each.includes('admin') || each.includes('10.0.0.1')))
    assert.match(
      seen.headers['x-forwarded-client-cert']?.toString() ?? '',
      /^By=spiffe:\/\/example\.org\/ns\/default\/tools;Hash=[0-9a-f]{64};URI=spiffe:\/\/example\.org\/ns\/default\/weather$/,
    )
  }
})
