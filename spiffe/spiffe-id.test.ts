import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SpiffeError } from './spiffe-error.ts'
import {
  isMemberOf,
  makeSpiffeId,
  maxSpiffeIdBytes,
  parseSpiffeId,
  parseTrustDomainOrId,
  pathOf,
  trustDomainOf,
} from './spiffe-id.ts'
import { parseTrustDomain } from './trust-domain.ts'

const example = parseTrustDomain('example.org')

function refusal(text: string): string {
  try {
    parseSpiffeId(text)
  } catch (error) {
    if (error instanceof SpiffeError) return error.message
    throw error
  }
  return 'accepted'
}

const trustDomains = fc.stringMatching(/^[a-z0-9._-]{1,64}$/).map(parseTrustDomain)
const segments = fc
  .stringMatching(/^[A-Za-z0-9._-]{1,20}$/)
  .filter((segment) => segment !== '.' && segment !== '..')
const paths = fc
  .array(segments, { maxLength: 8 })
  .map((all) => all.map((one) => `/${one}`).join(''))

test('an ID made of a trust domain and a path is taken apart into the same two', () => {
  fc.assert(
    fc.property(trustDomains, paths, (trustDomain, path) => {
      const id = makeSpiffeId(trustDomain, path)
      assert.equal(parseSpiffeId(id), id)
      assert.equal(trustDomainOf(id), trustDomain)
      assert.equal(pathOf(id), path)
      assert.ok(isMemberOf(id, trustDomain))
    }),
  )
})

test('any text is either an ID that spells itself or refused with a SpiffeError', () => {
  const almost = fc
    .array(
      fc.constantFrom('spiffe://', 'td', '/', '.', '..', 'a', '%2e', 'ı', '\0', '?', '#', '@', ':'),
    )
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), almost), (text) => {
      if (refusal(text) === 'accepted') assert.equal(parseSpiffeId(text), text)
    }),
  )
})

test('each rule has the message that go-spiffe gives it [SID-1 SID-2 SID-3 SID-4 SID-5 SID-6 SID-7 SID-8 SID-9 SID-10]', () => {
  const domain =
    'trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores'
  const path =
    'path segment characters are limited to letters, numbers, dots, dashes, and underscores'
  const expected: Readonly<Record<string, string>> = {
    '': 'cannot be empty',
    'http://td/x': 'scheme is missing or invalid',
    'SPIFFE://td/x': 'scheme is missing or invalid',
    'spiffe:///x': 'trust domain is missing',
    'spiffe://': 'trust domain is missing',
    'spiffe://TD/x': domain,
    'spiffe://u@td/x': domain,
    'spiffe://td:80/x': domain,
    'spiffe://td?q': domain,
    'spiffe://td#f': domain,
    'spiffe://%74d/x': domain,
    'spiffe://[::1]/x': domain,
    'spiffe://td/': 'path cannot have a trailing slash',
    'spiffe://td/a/': 'path cannot have a trailing slash',
    'spiffe://td//a': 'path cannot contain empty segments',
    'spiffe://td/./a': 'path cannot contain dot segments',
    'spiffe://td/a/..': 'path cannot contain dot segments',
    'spiffe://td/a%20b': path,
    'spiffe://td/a%62': path,
    'spiffe://td/a?q': path,
    'spiffe://td/a#f': path,
    'spiffe://td/é': path,
    'spiffe://td': 'accepted',
    'spiffe://1.2.3.4/.../x': 'accepted',
    'spiffe://example.org/AZaz09._-': 'accepted',
  }
  for (const [text, message] of Object.entries(expected)) assert.equal(refusal(text), message, text)
})

test('case matters in a path, and only lower case is a trust domain [SID-5 SID-10]', () => {
  assert.notEqual(parseSpiffeId('spiffe://td/a'), parseSpiffeId('spiffe://td/A'))
  assert.equal(isMemberOf(parseSpiffeId('spiffe://td/A'), parseTrustDomain('td')), true)
  assert.notEqual(refusal('spiffe://Td/a'), 'accepted')
})

test('an ID is at most 2048 bytes and a trust domain at most 255 [SID-11]', () => {
  const longest = `spiffe://td/${'a'.repeat(maxSpiffeIdBytes - 12)}`
  assert.equal(refusal(longest), 'accepted')
  assert.match(refusal(`${longest}a`), /longer than 2048 bytes/)
  assert.equal(refusal(`spiffe://${'a'.repeat(255)}/x`), 'accepted')
  assert.match(refusal(`spiffe://${'a'.repeat(256)}/x`), /longer than 255 bytes/)
})

test('a path without a leading slash makes no ID', () => {
  assert.throws(() => makeSpiffeId(example, 'a'), /path must have a leading slash/)
})

test('a trust domain is named by itself or by an ID in it', () => {
  assert.equal(parseTrustDomainOrId('example.org'), example)
  assert.equal(parseTrustDomainOrId('spiffe://example.org'), example)
  assert.equal(parseTrustDomainOrId('spiffe://example.org/a'), example)
  assert.throws(() => parseTrustDomainOrId('http://example.org'), { code: 'ERR_SPIFFE_ID' })
  assert.throws(() => parseTrustDomainOrId(''), { code: 'ERR_TRUST_DOMAIN' })
})
