import assert from 'node:assert/strict'
import { test } from 'node:test'
import { x509BundleFromDer, x509BundleSet } from '../../spiffe/bundle/x509-bundle.ts'
import { lintX509Svid, verifyX509Svid } from '../../spiffe/x509/x509-svid.ts'
import { TestCa } from './test-ca.ts'

test('an SVID of the test CA is one that our own CA could have issued', () => {
  const root = new TestCa('example.org')
  const svid = new TestCa('example.org', { parent: root }).svid('/ns/default/agent')
  const bundles = x509BundleSet([x509BundleFromDer(root.trustDomain, root.certificate)])
  const verified = verifyX509Svid(svid.chain, bundles, new Date())
  assert.equal(verified.id, 'spiffe://example.org/ns/default/agent')
  assert.equal(verified.path.length, 3)
  for (const leaf of svid.chain.slice(0, 1)) lintX509Svid(leaf)
})
