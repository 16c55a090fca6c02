/** The path vectors through a raw socket: what is decided on is byte for byte what is sent. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CountingUpstream } from '../support/counting-upstream.ts'
import { type Bench, callerId, openBench } from '../support/proxy-bench.ts'
import { ask, type Door, mtlsDoor, plainDoor } from '../support/raw-http.ts'
import { readVectors } from '../support/vectors.ts'

interface PathCase {
  readonly id: string
  readonly title: string
  readonly target: string
  readonly expected: 'allow' | 'deny' | 'reject-or-deny'
}

const policies = `
apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: paths}
spec:
  app: tools
  rules:
    - callers: [weather]
      http: {methods: [GET], paths: [/public, /public/*]}
    - effect: deny
      callers: "*"
      http: {methods: "*", paths: [/admin, /admin/*]}
`

const { cases } = readVectors('http/path.dev.json') as { readonly cases: readonly PathCase[] }

let upstream: CountingUpstream
let bench: Bench
let doors: readonly { readonly name: string; readonly door: Door; readonly host: string }[]

before(async () => {
  upstream = await CountingUpstream.open()
  bench = await openBench({ upstream: { tcp: upstream.address }, policies, protocol: 'http' })
  const { inboundPort, outboundPort, ca } = bench
  doors = [
    { name: 'outbound', door: plainDoor(outboundPort), host: `127.0.0.1:${outboundPort}` },
    {
      name: 'inbound',
      door: mtlsDoor(inboundPort, ca.svid(callerId)),
      host: `127.0.0.1:${inboundPort}`,
    },
  ]
})

after(async () => {
  await bench.close()
  await upstream.close()
})

for (const { id, title, target, expected } of cases)
  test(`${id} (${title}) comes to ${expected} [DONE-9]`, async () => {
    for (const { name, door, host } of doors) {
      const get = { method: 'GET', fields: [] }
      const { status, fields, body } = await ask(door, { ...get, target }, host)
      const seen = upstream.take()
      if (expected === 'allow') {
        assert.equal(status, 200, `${name}: ${body}`)
        assert.deepEqual(
          seen.map((each) => each.target),
          [target],
          name,
        )
      } else {
        assert.deepEqual(seen, [], name)
        assert.ok([400, 403, 414].includes(status), `${name}: ${status}`)
        assert.ok(fields.has('x-countersign-decision-id'), `${name}: no decision id`)
      }

      const honest = await ask(door, { ...get, target: '/public/a?q=/../admin' }, host)
      assert.equal(honest.status, 200, name)
      assert.deepEqual(
        upstream.take().map((each) => each.target),
        ['/public/a?q=/../admin'],
        name,
      )
    }
  })
