import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpiffeError } from '../spiffe/spiffe-error.ts'
import { parseCertificate } from '../spiffe/x509/certificate.ts'
import { TestCa } from '../test/support/test-ca.ts'
import { formatPublished, parseBundleHistory, publishedTrust } from './trust-history.ts'

const ca = new TestCa('example.org')
const published = {
  trustDomain: ca.trustDomain,
  certificate: parseCertificate(ca.certificate),
  publishedAt: new Date('2026-01-01T00:00:00.000Z'),
  removedAt: new Date('2026-02-01T00:00:00.000Z'),
}

test('an exported history reads back as it was', () => {
  const { removedAt: _, ...current } = published
  const text = `${formatPublished(published)}\n${formatPublished(current)}\n`
  assert.deepEqual(parseBundleHistory(text), [published, current])
  assert.deepEqual(parseBundleHistory(''), [])
})

test('an authority is trusted while it was published, give or take a minute', () => {
  const trust = publishedTrust([published])
  const held = (time: string): number =>
    trust.at(new Date(time)).x509Bundle(ca.trustDomain)?.authorities.length ?? 0
  assert.equal(held('2025-12-31T23:58:59.999Z'), 0)
  assert.equal(held('2025-12-31T23:59:00.000Z'), 1)
  assert.equal(held('2026-02-01T00:01:00.000Z'), 1)
  assert.equal(held('2026-02-01T00:01:00.001Z'), 0)
  assert.equal(trust.at(new Date('2026-01-02')), trust.at(new Date('2026-01-03')))
})

test('what is not a bundle history is refused, naming the line', () => {
  const good = formatPublished(published)
  const bad = [
    'null',
    '{}',
    '{',
    '',
    good.replace('example.org', 'Example.org'),
    good.replace('"publishedAt"', '"published"'),
    good.replace('2026-01-01', '2026-13-01'),
    good.replace(/"x509Authority":"[^"]*"/, '"x509Authority":"AAAA"'),
    good.replace('{', '{"more":1,'),
  ]
  for (const line of bad)
    assert.throws(
      () => parseBundleHistory(`${good}\n${line}\n`),
      (error) =>
        error instanceof SpiffeError && error.message.startsWith('bundle history, line 2:'),
      line,
    )
})
