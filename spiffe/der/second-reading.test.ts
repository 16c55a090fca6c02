import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestCa } from '../../test/support/test-ca.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { parseTrustDomain } from '../trust-domain.ts'
import { requireSecondReading } from './second-reading.ts'

const ca = new TestCa(parseTrustDomain('example.org'))

test('a certificate authority that both readers understand passes', () => {
  requireSecondReading(ca.certificate, 'spiffe://example.org')
})

test('a certificate that is not about the expected trust domain is refused', () => {
  assert.throws(() => requireSecondReading(ca.certificate, 'spiffe://other.test'), SpiffeError)
})

test('bytes that follow the certificate are refused', () => {
  const longer = Buffer.concat([ca.certificate, Buffer.from([0])])
  assert.throws(() => requireSecondReading(longer, 'spiffe://example.org'), SpiffeError)
})
