import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSpiffeId } from '../spiffe/spiffe-id.ts'
import { parseTrustDomain } from '../spiffe/trust-domain.ts'
import {
  checkDnsNames,
  checkEntry,
  checkHint,
  checkSelectors,
  entryLimits,
  isExpired,
  type RegistrationEntry,
  similarityText,
  sortedTrustDomains,
} from './entry.ts'
import { RegistrationError } from './registration-error.ts'

const sound: RegistrationEntry = {
  id: 'one',
  spiffeId: parseSpiffeId('spiffe://example.org/a'),
  parentId: parseSpiffeId('spiffe://example.org/spire/agent/join_token/one'),
  selectors: [{ type: 'unix', value: 'uid:1' }],
  x509SvidTtlSeconds: 0,
  jwtSvidTtlSeconds: 0,
  federatesWith: [],
  admin: false,
  downstream: false,
  dnsNames: [],
  storeSvid: false,
  hint: '',
  revisionNumber: 0,
  createdAt: new Date('2026-01-01T00:00:00Z'),
}

function refusal(check: () => unknown): string {
  try {
    check()
  } catch (error) {
    if (error instanceof RegistrationError) return error.message
    throw error
  }
  return 'accepted'
}

test('each field of an entry is checked in the words of SPIRE [BAD-4]', () => {
  const unix = { type: 'unix', value: 'uid:1' }
  const other = { type: 'k8s', value: 'ns:a' }
  const cases: readonly (readonly [string, Partial<RegistrationEntry>])[] = [
    ['accepted', {}],
    ['accepted', { id: 'a.B_c-1', storeSvid: true }],
    [
      'invalid registration entry: selector types must be the same when store SVID is enabled',
      { storeSvid: true, selectors: [unix, other] },
    ],
    [
      'invalid registration entry: prefetch must not be disabled when store SVID is enabled',
      {
        storeSvid: true,
        additionalAttributes: { disableX509SvidPrefetch: true, jwtSvidIncludeJti: false },
      },
    ],
    ['invalid registration entry: entry ID too long', { id: 'a'.repeat(256) }],
    ['invalid registration entry: entry ID contains invalid characters', { id: 'a/b' }],
    ['invalid registration entry: entry ID contains invalid characters', { id: '' }],
    ['invalid registration entry: X509SvidTtl is not set', { x509SvidTtlSeconds: -1 }],
    ['invalid registration entry: JwtSvidTtl is not set', { jwtSvidTtlSeconds: -1 }],
    ['selector "unix:uid:1" is listed twice', { selectors: [unix, other, unix] }],
    ['DNS name "a" is listed twice', { dnsNames: ['a', 'b', 'a'] }],
  ]
  for (const [expected, change] of cases) {
    assert.equal(
      refusal(() => {
        checkEntry({ ...sound, ...change })
      }),
      expected,
    )
  }
})

test('lists and hints have limits, and each accepts what fills it [BAD-6 EDGE-8 WL-9]', () => {
  const many = (count: number): string[] => Array.from({ length: count }, (_, at) => `n${at}`)
  const selectors = (count: number) => many(count).map((value) => ({ type: 'unix', value }))
  const checks: readonly (readonly [number, string, (count: number) => unknown])[] = [
    [entryLimits.selectors, 'more than 1000 selectors', (n) => checkSelectors(selectors(n))],
    [entryLimits.dnsNames, 'more than 1000 DNS names', (n) => checkDnsNames(many(n))],
    [
      entryLimits.federatesWith,
      'more than 1000 federated trust domains',
      (n) => sortedTrustDomains(many(n).map(parseTrustDomain)),
    ],
    [
      entryLimits.hintBytes,
      'hint is too long, max length is 1024 characters',
      (n) => checkHint('h'.repeat(n)),
    ],
  ]
  for (const [limit, message, check] of checks) {
    assert.equal(
      refusal(() => check(limit)),
      'accepted',
    )
    assert.equal(
      refusal(() => check(limit + 1)),
      message,
    )
  }
  assert.notEqual(
    refusal(() => checkHint('é'.repeat(513))),
    'accepted',
  )
  assert.equal(
    refusal(() => checkSelectors([])),
    'selector list is empty',
  )
})

test('entries are similar by ID, parent and set of selectors, and by nothing else [EDGE-18]', () => {
  const two = [
    { type: 'unix', value: 'uid:1' },
    { type: 'unix', value: 'gid:2' },
  ]
  const text = similarityText({ ...sound, selectors: two })
  assert.equal(similarityText({ ...sound, selectors: [...two].reverse(), hint: 'x' }), text)
  const different: readonly Partial<RegistrationEntry>[] = [
    { spiffeId: parseSpiffeId('spiffe://example.org/b') },
    { parentId: parseSpiffeId('spiffe://example.org/b') },
    { selectors: two.slice(1) },
    { selectors: [{ type: 'unix', value: 'uid:1,unix:gid:2' }] },
  ]
  for (const change of different)
    assert.notEqual(similarityText({ ...sound, selectors: two, ...change }), text)
})

test('an entry without an end never expires, another one at its end', () => {
  const at = new Date('2026-01-01T00:00:00Z')
  assert.equal(isExpired(sound, at), false)
  assert.equal(isExpired({ ...sound, expiresAt: at }, new Date(at.getTime() - 1)), false)
  assert.equal(isExpired({ ...sound, expiresAt: at }, at), true)
})

test('federated trust domains are a set in one order', () => {
  const names = ['b.test', 'a.test', 'b.test'].map(parseTrustDomain)
  assert.deepEqual(sortedTrustDomains(names), ['a.test', 'b.test'])
})
