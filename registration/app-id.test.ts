import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTrustDomain } from '../spiffe/trust-domain.ts'
import { parseAppId } from './app-id.ts'

const trustDomain = parseTrustDomain('example.org')

test('an App ID is a name, a namespace and a name, or a whole SPIFFE ID', () => {
  const meant = (text: string) => String(parseAppId(text, trustDomain))
  assert.equal(meant('inventory'), 'spiffe://example.org/ns/default/inventory')
  assert.equal(meant('shop/inventory'), 'spiffe://example.org/ns/shop/inventory')
  assert.equal(meant('spiffe://other.test/any/path'), 'spiffe://other.test/any/path')
})

for (const text of ['', '/', 'a/', '/a', 'a/b/c', 'a b', '..', 'spiffe://other.test', 'http://a/b'])
  test(`${JSON.stringify(text)} is no App ID`, () => {
    assert.throws(() => parseAppId(text, trustDomain))
  })
