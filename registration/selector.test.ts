import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareSelectors, makeSelector, selectorText } from './selector.ts'

test('a selector has a type without colon and a value, or is refused in the words of SPIRE [BAD-4]', () => {
  assert.throws(() => makeSelector('', 'a'), { message: 'missing selector type' })
  assert.throws(() => makeSelector('a:b', 'c'), { message: "selector type contains ':'" })
  assert.throws(() => makeSelector('a', ''), { message: 'missing selector value' })
  assert.equal(selectorText(makeSelector('unix', 'uid:1')), 'unix:uid:1')
})

test('two selectors have one text only if they are the same', () => {
  const selectors = fc
    .tuple(fc.stringMatching(/^[a-c]{1,3}$/), fc.stringMatching(/^[a-c:]{1,4}$/))
    .map(([type, value]) => makeSelector(type, value))
  fc.assert(
    fc.property(selectors, selectors, (a, b) => {
      const isSame = a.type === b.type && a.value === b.value
      assert.equal(selectorText(a) === selectorText(b), isSame)
      assert.equal(compareSelectors(a, b) === 0, isSame)
      assert.equal(Math.sign(compareSelectors(a, b)), -Math.sign(compareSelectors(b, a)) + 0)
    }),
  )
})
