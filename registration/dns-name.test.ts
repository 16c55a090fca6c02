import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkDnsName } from './dns-name.ts'
import { RegistrationError } from './registration-error.ts'

function refusal(name: string): string {
  try {
    checkDnsName(name)
  } catch (error) {
    if (error instanceof RegistrationError) return error.message.replace('invalid DNS name: ', '')
    throw error
  }
  return 'accepted'
}

test('names that a certificate can hold are accepted', () => {
  for (const name of ['a', 'a.b', 'A.example.org', 'a_b.c', '*.example.org', 'xn--bcher-kva.test'])
    assert.equal(refusal(name), 'accepted', name)
  assert.equal(refusal(`${'a'.repeat(63)}.b`), 'accepted')
  const longest = Array.from({ length: 127 }, () => 'a').join('.')
  assert.equal(longest.length, 253)
  assert.equal(refusal(longest), 'accepted')
})

test('what no DNS name can hold is refused, in the words of SPIRE where it refuses too [BAD-4]', () => {
  const refused: Readonly<Record<string, string>> = {
    '': 'empty or only whitespace',
    ' ': 'empty or only whitespace',
    '*.': 'empty or only whitespace',
    '*.*.a': 'too many wildcards',
    'a.*': 'wildcard must be first label',
    '*a.b': 'wildcard must be first label',
    'a.': 'domain ends with dot',
    'bücher.test': 'name must be ascii',
    'a..b': 'idna error\nidna: invalid label ""',
    '-a.b': 'idna error\nidna: invalid label "-a"',
    'a-.b': 'idna error\nidna: invalid label "a-"',
    'a b': 'idna error\nidna: invalid label "a b"',
    'a\0b': 'idna error\nidna: invalid label "a\\u0000b"',
    'a/b': 'idna error\nidna: invalid label "a/b"',
  }
  for (const [name, message] of Object.entries(refused)) assert.equal(refusal(name), message, name)
  assert.match(refusal('a'.repeat(64)), /invalid label/)
  assert.match(refusal(`${'a.'.repeat(127)}a`), /longer than 253/)
})
