import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts'
import { appNames, hostOf } from './app-names.ts'
import { allowsHost, allowsOrigin, type HostNames, hostOfAddress } from './host-names.ts'

const hosts: HostNames = {
  names: new Set(['127.0.0.1', 'localhost', '[::1]', 'inventory.default']),
  port: 9443,
  origins: new Set(['https://console.example.org']),
  scheme: 'https',
}

test('a Host is one of the names, with the own port or none', () => {
  for (const host of ['127.0.0.1:9443', 'LOCALHOST', '[::1]:9443', 'inventory.default'])
    assert.ok(allowsHost(host, hosts), host)
  for (const host of [
    '127.0.0.1:80',
    'evil.test',
    'localhost@evil.test',
    'localhost:',
    '[::ffff:127.0.0.1]',
    '127.0.0.1.evil.test',
    '127.0.0.1, evil.test',
    ' localhost',
    '',
  ])
    assert.ok(!allowsHost(host, hosts), host)
})

test('an Origin is the own one or a configured one, and never null or a file [MCP-34]', () => {
  for (const origin of ['https://console.example.org', 'https://127.0.0.1:9443'])
    assert.ok(allowsOrigin(origin, hosts), origin)
  for (const origin of [
    'null',
    'file://',
    'http://127.0.0.1:9443',
    'https://console.example.org.evil.test',
    'https://console.example.org:444',
    'https://127.0.0.1:9443/',
  ])
    assert.ok(!allowsOrigin(origin, hosts), origin)
})

test('an App ID has names; another SPIFFE ID has its address', () => {
  const app = parseSpiffeId('spiffe://example.org/ns/shop/Inventory')
  assert.deepEqual(appNames(app), ['inventory', 'inventory.shop', 'inventory.shop.example.org'])
  assert.equal(hostOf(app, '10.0.0.1:9443'), 'inventory.shop')
  assert.equal(hostOf(parseSpiffeId('spiffe://example.org/db'), '10.0.0.1:9443'), '10.0.0.1:9443')
})

test('an address is written as a Host would be', () => {
  assert.equal(hostOfAddress('::ffff:127.0.0.1'), '127.0.0.1')
  assert.equal(hostOfAddress('FE80::1'), '[fe80::1]')
})
