import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isTargetProblem, readTarget } from './request-target.ts'

const max = 100

test('a target in its only spelling is taken as it is', () => {
  for (const target of ['/', '/a', '/a/', "/A-z_0.9~/!$&'()*+,=:@", '/a?b=%2e%2e/../;c'])
    assert.ok(!isTargetProblem(readTarget(target, max)), target)
  assert.deepEqual(readTarget('/a/b?c=d?e', max), { path: '/a/b', query: '?c=d?e' })
})

test('what another reader could take for another path is refused [MCP-21]', () => {
  const refused = [
    '',
    '*',
    'a',
    'http://h/a',
    'h:443',
    '//a',
    '/a//b',
    '/.',
    '/a/..',
    '/a/./b',
    '/%61',
    '/a;b',
    '/a\\b',
    '/a#b',
    '/a b',
    '/a\u00e9',
    '/a?b#c',
    '/a?b\\c',
    '/a?b c',
  ]
  for (const target of refused) assert.ok(isTargetProblem(readTarget(target, max)), target)
})

test('a target over the limit is too long, whatever it holds', () => {
  const read = readTarget(`/${'%'.repeat(max)}`, max)
  assert.ok(isTargetProblem(read) && read.problem === 'too-long')
})

test('an accepted path is its own normal form for a URL parser', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      const read = readTarget(`/${text}`, max)
      if (isTargetProblem(read)) return
      assert.equal(new URL(`http://h${read.path}`).pathname, read.path)
      assert.equal(decodeURIComponent(read.path), read.path)
    }),
  )
})
