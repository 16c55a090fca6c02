import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasAll, type MatchBehavior, matchesSet } from './match.ts'

test('the four ways to match differ as their names say', () => {
  const table: readonly (readonly [string, string, readonly MatchBehavior[]])[] = [
    ['ab', 'ab', ['exact', 'subset', 'superset', 'any']],
    ['a', 'ab', ['subset', 'any']],
    ['abc', 'ab', ['superset', 'any']],
    ['ac', 'ab', ['any']],
    ['c', 'ab', []],
    ['', 'ab', []],
    ['a', '', ['superset']],
    ['', '', ['exact', 'superset']],
  ]
  const behaviors: readonly MatchBehavior[] = ['exact', 'subset', 'superset', 'any']
  for (const [found, wanted, expected] of table) {
    const matching = behaviors.filter((one) => matchesSet(new Set(found), new Set(wanted), one))
    assert.deepEqual(matching, expected, `${found} against ${wanted}`)
  }
})

test('a process has all selectors of an entry or does not match it [EDGE-6]', () => {
  const found = new Set(['unix:uid:1', 'unix:gid:1'])
  assert.equal(hasAll(found, ['unix:uid:1']), true)
  assert.equal(hasAll(found, ['unix:uid:1', 'unix:gid:1']), true)
  assert.equal(hasAll(found, ['unix:uid:1', 'unix:gid:2']), false)
})
