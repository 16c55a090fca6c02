import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonNumber } from './number.ts'
import { readJson } from './read.ts'
import { JsonObject, type JsonValue } from './value.ts'
import { writeJson } from './write.ts'

const canonical = (text: string) => Buffer.from(writeJson(readJson(Buffer.from(text)))).toString()

test('members, their order and the text of numbers stay; white space and escapes go', () => {
  const text = ' { "b" : [ 1.0 , -0, 1e400 ] ,\n"10":\t"na\\u006de\\/\\u00e9",\r"9":{} } '
  assert.equal(canonical(text), '{"b":[1.0,-0,1e400],"10":"name/é","9":{}}')
})

test('every number is written as it came', () => {
  for (const text of [
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '9223372036854775808',
    '1e400',
    '-0',
    '1.0',
    '1E+2',
    '0.10',
    '123456789012345678901234567890',
  ]) {
    assert.equal(canonical(text), text)
    assert.equal(canonical(`{"n":[${text} ]}`), `{"n":[${text}]}`)
  }
})

test('a string has one spelling', () => {
  assert.equal(
    canonical('"\\u0022\\u005c\\u002F\\u0008\\u000c\\u000A\\u000d\\u0009\\u0001\\u007f\\u2028"'),
    '"\\"\\\\/\\b\\f\\n\\r\\t\\u0001\u007f\u2028"',
  )
})

test('the canonical message is its own canonical message, and JSON.parse agrees with it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      if (/"__proto__":/.test(text)) return
      const once = canonical(text)
      assert.equal(canonical(once), once)
      assert.deepEqual(JSON.parse(once), JSON.parse(text))
    }),
    { numRuns: 1000 },
  )
})

test('spacing and escaping of the source change nothing', () => {
  const spaced = fc.tuple(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(' ', '\t', '  \n'))
  fc.assert(
    fc.property(spaced, ([value, space]) => {
      const text = JSON.stringify(value)
      if (/"__proto__":/.test(text)) return
      const escaped = JSON.stringify(value, undefined, space).replace(
        /[^\0-\x7f]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
      assert.equal(canonical(escaped), canonical(text))
    }),
  )
})

test('values of our own are written as members of the message they join', () => {
  const tools: JsonValue = [JsonObject.of([['name', 'a']])]
  const result = JsonObject.of([
    ['tools', []],
    ['ttlMs', new JsonNumber('5')],
  ])
  const filtered = result.with('tools', tools).with('cacheScope', 'private')
  assert.equal(
    Buffer.from(writeJson(filtered)).toString(),
    '{"tools":[{"name":"a"}],"ttlMs":5,"cacheScope":"private"}',
  )
  assert.deepEqual(result.get('tools'), [])
  const twice = [
    ['a', true],
    ['a', false],
  ] as const
  assert.throws(() => JsonObject.of(twice), TypeError)
})
