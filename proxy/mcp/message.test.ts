import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isDenied } from '../denied.ts'
import { readMessage } from './message.ts'

const max = 10_000
const read = (text: string) => readMessage(Buffer.from(text), max)

test('a request and a notification are read', () => {
  const request = read(
    '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","_meta":{}}}',
  )
  assert.ok(!isDenied(request))
  assert.equal(request.method, 'tools/call')
  assert.equal(request.params?.get('name'), 'a')
  const notification = read('{"jsonrpc":"2.0","method":"notifications/initialized"}')
  assert.ok(!isDenied(notification))
  assert.equal(notification.id, undefined)
})

test('what is no single message is refused', () => {
  const invalid = [
    '[]',
    'null',
    '"a"',
    '{}',
    '{"jsonrpc":"1.0","id":1,"method":"ping"}',
    '{"jsonrpc":2.0,"id":1,"method":"ping"}',
    '{"jsonrpc":"2.0","id":1}',
    '{"jsonrpc":"2.0","id":1,"method":""}',
    '{"jsonrpc":"2.0","id":1,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"error":{}}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":1}}',
    '{"jsonrpc":"2.0","id":null,"method":"ping"}',
    '{"jsonrpc":"2.0","id":1.0,"method":"ping"}',
    '{"jsonrpc":"2.0","method":"ping"}',
    '{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}',
  ]
  for (const text of invalid) {
    const refused = read(text)
    assert.ok(isDenied(refused) && refused.denied === 'message-invalid', text)
  }
  for (const text of ['', '{', '{"a":1,"a":2}', '\ufeff{}', '{"__proto__":1}', '{} {}']) {
    const refused = read(text)
    assert.ok(isDenied(refused) && refused.denied === 'json-unreadable', text)
  }
})

test('members that look like the ones that count are refused', () => {
  for (const name of [
    'Name',
    'NAME',
    'name\\u0000',
    'na\\u200bme',
    '\\uff4eame',
    'argument\\u017f',
  ])
    for (const params of [`{"${name}":1}`, `{"name":"a","${name}":"b"}`]) {
      const refused = read(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`)
      assert.ok(isDenied(refused), params)
      assert.equal(refused.denied, 'message-invalid')
    }
  const meta = '{"_meta":{"io.modelcontextprotocol/ProtocolVersion":"2026-07-28"}}'
  assert.ok(isDenied(read(`{"jsonrpc":"2.0","id":1,"method":"ping","params":${meta}}`)))
  const harmless = '{"name":"a","arguments":{"Name":1,"name":2}}'
  assert.ok(!isDenied(read(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${harmless}}`)))
})

test('a refusal carries the id where there was one', () => {
  const refused = read('{"jsonrpc":"2.0","id":"x","method":""}')
  assert.ok(isDenied(refused))
  assert.equal(refused.rpcId, 'x')
})

test('any bytes are read or refused, and nothing is thrown', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        readMessage(bytes, max)
      },
    ),
  )
})
