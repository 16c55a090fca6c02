/** The compiler is the test here: what must not compile is marked, and the build fails if it does. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unary } from '../../runtime/grpc/handlers.ts'
import { rolesOf } from './authorization.ts'
import { service } from './service.ts'

const name = 'spire.api.server.bundle.v1.Bundle'

test('a row without a handler does not compile', () => {
  // @ts-expect-error GetBundle has a row
  service(name, () => ({}))
})

test('a handler without a row does not compile', () => {
  service(name, (gateOf) => ({
    GetBundle: unary(gateOf('GetBundle'), () => ({})),
    // @ts-expect-error CountBundles has no row
    CountBundles: unary(gateOf('GetBundle'), () => ({ count: 1 })),
  }))
})

test('there is no gate for a method without a row', () => {
  service(name, (gateOf) => ({
    // @ts-expect-error CountBundles has no row
    GetBundle: unary(gateOf('CountBundles'), () => ({})),
  }))
})

test('a handler knows of its caller what the row says, and no more', () => {
  service('spire.api.server.svid.v1.SVID', (gateOf) => ({
    BatchNewX509SVID: unary(gateOf('BatchNewX509SVID'), (_request, { caller }) => {
      assert.equal(caller.role, 'agent')
      // @ts-expect-error an agent's call has no administrator
      assert.equal(caller.id, undefined)
      return {}
    }),
  }))
})

test('nobody but agents may ask for SVIDs of entries', () => {
  assert.deepEqual(rolesOf('spire.api.server.svid.v1.SVID', 'BatchNewX509SVID'), ['agent'])
})
