import assert from 'node:assert/strict'
import test from 'node:test'
import { reversed, tupleOf } from './tuple.ts'

const facts = { cookie: 1n, establishedNs: 0n, descriptor: 0 }
const v4 = Buffer.from([127, 0, 0, 1])
const mapped = Buffer.from('00000000000000000000ffff7f000001', 'hex')
const v6 = Buffer.from('00000000000000000000000000000001', 'hex')

function tuple(local: Uint8Array, remote: Uint8Array, port = 80) {
  const ends = { local: { address: local, port }, remote: { address: remote, port: 2000 } }
  return tupleOf({ ...facts, ...ends })
}

test('IPv4 written as IPv6 is asked for as IPv4', () => {
  assert.equal(tuple(mapped, mapped)?.family, 4)
  assert.deepEqual(tuple(mapped, v4), tuple(v4, v4))
  assert.equal(tuple(v6, v6)?.family, 6)
})

test('addresses of two families, other lengths and ports that are none are refused', () => {
  assert.equal(tuple(v4, v6), undefined)
  assert.equal(tuple(v4.subarray(1), v4.subarray(1)), undefined)
  assert.equal(tuple(Buffer.alloc(0), Buffer.alloc(0)), undefined)
  for (const port of [0, 65536, -1, 1.5, Number.NaN]) assert.equal(tuple(v4, v4, port), undefined)
})

test('the other end has the ends exchanged', () => {
  const here = tuple(v4, v4)
  assert.ok(here)
  assert.deepEqual(reversed(reversed(here)), here)
  assert.equal(reversed(here).local.port, 2000)
})
