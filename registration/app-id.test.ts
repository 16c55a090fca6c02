import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTrustDomain } from '../spiffe/trust-domain.ts'
import { appSpiffeId, parseAppId } from './app-id.ts'

const trustDomain = parseTrustDomain('example.org')

test('an App ID is a namespace and a name', () => {
  const id = appSpiffeId(trustDomain, 'shop', 'inventory')
  assert.equal(id, 'spiffe://example.org/ns/shop/inventory')
  assert.equal(parseAppId('shop/inventory', trustDomain), id)
  assert.equal(parseAppId('inventory', trustDomain), 'spiffe://example.org/ns/default/inventory')
})

test('a whole SPIFFE ID stands for itself, of any trust domain', () => {
  assert.equal(parseAppId('spiffe://other.test/a/b', trustDomain), 'spiffe://other.test/a/b')
  assert.throws(() => parseAppId('spiffe://example.org', trustDomain), /path is missing/)
})

test('what is no App ID is refused [BAD-1]', () => {
  for (const text of ['', '/', 'a/', '/a', 'a/b/c', '..', 'a/..', 'a b', 'http://a/b', 'a:b'])
    assert.throws(() => parseAppId(text, trustDomain), { code: /^ERR_/ }, text)
})
