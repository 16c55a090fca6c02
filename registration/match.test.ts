import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type MatchBehavior, matchesSet } from './match.ts'

const cases: readonly [string, string, Record<MatchBehavior, boolean>][] = [
  ['1 2', '1 2', { exact: true, subset: true, superset: true, any: true }],
  ['1', '1 2', { exact: false, subset: true, superset: false, any: true }],
  ['1 2 3', '1 2', { exact: false, subset: false, superset: true, any: true }],
  ['1 3', '1 2', { exact: false, subset: false, superset: false, any: true }],
  ['3', '1 2', { exact: false, subset: false, superset: false, any: false }],
  ['', '1', { exact: false, subset: false, superset: false, any: false }],
]

for (const [found, wanted, expected] of cases) {
  for (const behavior of ['exact', 'subset', 'superset', 'any'] as const) {
    test(`{${found}} matches {${wanted}} as ${behavior}: ${expected[behavior]}`, () => {
      assert.equal(matchesSet(setOf(found), setOf(wanted), behavior), expected[behavior])
    })
  }
}

test('exact is subset and superset at a time', () => {
  const sets = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 })
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const [found, wanted] = [new Set(a), new Set(b)]
      const both = matchesSet(found, wanted, 'subset') && matchesSet(found, wanted, 'superset')
      assert.equal(matchesSet(found, wanted, 'exact'), both)
    }),
  )
})

function setOf(text: string): Set<string> {
  return new Set(text === '' ? [] : text.split(' '))
}
