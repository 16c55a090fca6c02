import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkDnsName } from './dns-name.ts'
import { RegistrationError } from './registration-error.ts'

for (const name of [
  'a',
  'a.test',
  'WEB.test',
  'a_b.test',
  '*.wild.test',
  'x--y.test',
  'a'.repeat(63),
])
  test(`${name} may stand in a certificate`, () => {
    checkDnsName(name)
  })

const refused: readonly [string, RegExp][] = [
  ['', /empty or only whitespace$/],
  ['  ', /empty or only whitespace$/],
  ['*', /wildcard must be first label$/],
  ['*a.test', /wildcard must be first label$/],
  ['*.*.test', /too many wildcards$/],
  ['a.test.', /domain ends with dot$/],
  ['*.', /empty or only whitespace$/],
  ['bücher.test', /name must be ascii$/],
  ['a b.test', /invalid label "a b"$/],
  ['a..b', /invalid label ""$/],
  ['-a.test', /invalid label "-a"$/],
  ['a-.test', /invalid label "a-"$/],
  ['a\nb', /invalid label "a\\nb"$/],
  ['a'.repeat(64), /invalid label/],
  [`${'a.'.repeat(127)}a`, /longer than 253/],
]

for (const [name, message] of refused) {
  test(`${JSON.stringify(name.slice(0, 20))} is refused`, () => {
    assert.throws(
      () => checkDnsName(name),
      (error) => {
        assert.ok(error instanceof RegistrationError)
        assert.match(error.message, /^invalid DNS name: /)
        assert.match(error.message, message)
        return true
      },
    )
  })
}
