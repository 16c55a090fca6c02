import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { projectFile } from '../../test/support/vectors.ts'
import { JsonError, type JsonErrorCode } from './json-error.ts'
import { JsonNumber } from './number.ts'
import { type JsonLimits, readJson } from './read.ts'
import { JsonObject, type JsonValue } from './value.ts'

const suite = projectFile('test/vectors/json/JSONTestSuite')

/** The value as JSON.parse gives it. */
function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.text)
  if (value instanceof JsonObject) {
    return Object.fromEntries(value.entries().map(([name, each]) => [name, plain(each)]))
  }
  return Array.isArray(value) ? value.map(plain) : value
}

function verdict(bytes: Uint8Array): JsonErrorCode | 'accepted' {
  try {
    readJson(bytes)
    return 'accepted'
  } catch (error) {
    if (error instanceof JsonError) return error.code
    throw error
  }
}

function read(text: string, limits?: Partial<JsonLimits>) {
  return readJson(Buffer.from(text), limits)
}

function refuses(text: string, code: JsonErrorCode, offset?: number, limits?: Partial<JsonLimits>) {
  assert.throws(
    () => read(text, limits),
    (error) => {
      assert.ok(error instanceof JsonError)
      assert.equal(error.code, code)
      if (offset !== undefined) assert.equal(error.offset, offset)
      return true
    },
  )
}

function vectors(folder: string, prefix: string): [name: string, bytes: Buffer][] {
  const directory = path.join(suite, folder)
  const names = readdirSync(directory).filter((name) => name.startsWith(prefix))
  assert.ok(names.length > 0)
  return names.map((name) => [name, readFileSync(path.join(directory, name))])
}

/** Valid by RFC 8259, refused here on purpose. */
const refusedOnPurpose: ReadonlyMap<string, JsonErrorCode> = new Map([
  ['y_object_duplicated_key.json', 'ERR_JSON_DUPLICATE_KEY'],
  ['y_object_duplicated_key_and_value.json', 'ERR_JSON_DUPLICATE_KEY'],
])

test('every valid text of JSONTestSuite is accepted, except for duplicate names', () => {
  for (const [name, bytes] of vectors('test_parsing', 'y_')) {
    assert.equal(verdict(bytes), refusedOnPurpose.get(name) ?? 'accepted', name)
  }
})

test('every valid text of JSONTestSuite is read as JSON.parse reads it', () => {
  for (const [name, bytes] of vectors('test_parsing', 'y_')) {
    if (refusedOnPurpose.has(name)) continue
    const ours = JSON.stringify(plain(readJson(bytes)))
    assert.equal(ours, JSON.stringify(JSON.parse(bytes.toString())), name)
  }
})

test('every invalid text of JSONTestSuite is refused', () => {
  for (const [name, bytes] of vectors('test_parsing', 'n_')) {
    assert.notEqual(verdict(bytes), 'accepted', name)
  }
})

test('where RFC 8259 leaves the choice, numbers of any size pass and broken text does not', () => {
  for (const [name, bytes] of vectors('test_parsing', 'i_')) {
    const expected = name.startsWith('i_number_') ? 'accepted' : 'refused'
    const found = verdict(bytes)
    assert.equal(found === 'accepted' ? found : 'refused', expected, `${name}: ${found}`)
  }
})

test('the transformations of JSONTestSuite keep the text of numbers and refuse what is ambiguous', () => {
  for (const [name, bytes] of vectors('test_transform', '')) {
    const found = verdict(bytes)
    if (name.startsWith('number_')) {
      const [value] = [readJson(bytes)].flat()
      assert.ok(value instanceof JsonNumber)
      assert.ok(bytes.includes(value.text), name)
    } else if (name.startsWith('object_same_key')) {
      assert.equal(found, 'ERR_JSON_DUPLICATE_KEY', name)
    } else if (name.includes('escaped_invalid_codepoint')) {
      assert.equal(found, 'ERR_JSON_SURROGATE', name)
    } else if (name.includes('invalid_codepoint')) {
      assert.equal(found, 'ERR_JSON_ENCODING', name)
    } else {
      assert.equal(found, 'accepted', name)
    }
  }
})

test('a name may come once in an object, however it is spelled and at any depth', () => {
  refuses('{"a":1,"a":1}', 'ERR_JSON_DUPLICATE_KEY', 7)
  refuses('{"name":1,"na\\u006de":2}', 'ERR_JSON_DUPLICATE_KEY')
  refuses('[[{"x":{"k":1,"\\u006b":2}}]]', 'ERR_JSON_DUPLICATE_KEY')
  refuses('{"":1,"":2}', 'ERR_JSON_DUPLICATE_KEY')
  const many = Array.from({ length: 100 }, (_, i) => `"${i}":0`)
  for (const again of ['"0":0', '"8":0', '"99":0', '"\\u0039":0']) {
    refuses(`{${[...many, again].join()}}`, 'ERR_JSON_DUPLICATE_KEY')
  }
  read(`{${[...many, '"#1":0', '"##1":0'].join()}}`)
  read('{"a":{"a":1},"A":2,"a ":3,"\\u00e4":4,"a\\u0308":5}')
})

test('a member named __proto__ is refused, other inherited names are ordinary', () => {
  refuses('{"__proto__":{}}', 'ERR_JSON_FORBIDDEN_KEY', 1)
  refuses('[{"a":{"__pro\\u0074o__":null}}]', 'ERR_JSON_FORBIDDEN_KEY')
  const object = read('{"constructor":1,"toString":2,"hasOwnProperty":3}')
  assert.ok(object instanceof JsonObject)
  assert.deepEqual(object.names(), ['constructor', 'toString', 'hasOwnProperty'])
  assert.equal(object.get('valueOf'), undefined)
  assert.equal(read('"__proto__"'), '__proto__')
})

test('members keep their order, also when their names are digits', () => {
  const object = read('{"b":1,"10":2,"9":3,"a":4,"2":5}')
  assert.ok(object instanceof JsonObject)
  assert.deepEqual(object.names(), ['b', '10', '9', 'a', '2'])
  assert.deepEqual(object.get('9'), new JsonNumber('3'))
})

test('encodings other than plain UTF-8 are refused where they begin', () => {
  for (const [bytes, offset] of [
    [Buffer.from('\ufeff{}'), 0],
    [Buffer.from('\ufeff{}', 'utf16le'), 0],
    [Buffer.concat([Buffer.from('"ä'), Buffer.from([0xff]), Buffer.from('"')]), 3],
    [Buffer.concat([Buffer.from('"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"')]), 1],
    [Buffer.concat([Buffer.from('"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"')]), 1],
  ] as const) {
    assert.throws(() => readJson(bytes), { code: 'ERR_JSON_ENCODING', offset })
  }
  refuses(Buffer.from('{"a":1}', 'utf16le').toString('latin1'), 'ERR_JSON_SYNTAX', 1)
})

test('half a surrogate pair is refused, a whole one is read', () => {
  for (const text of [
    '"\\ud800"',
    '"\\udc00"',
    '"\\udc00\\ud800"',
    '"\\ud83d\\u0041"',
    '"\\ud83d"',
  ]) {
    refuses(text, 'ERR_JSON_SURROGATE', 0)
  }
  refuses('{"\\ud800":1}', 'ERR_JSON_SURROGATE', 1)
  assert.equal(read('"\\ud83d\\ude00 \\u0000"'), '\u{1f600} \0')
})

test('what follows the value is refused', () => {
  for (const text of ['{}x', '1 2', 'null,', '{}{}', '[]\0', '"a"//c', '01', '1.', 'truE', 'nul']) {
    refuses(text, 'ERR_JSON_SYNTAX')
  }
  refuses('', 'ERR_JSON_SYNTAX', 0)
  refuses('"ä" x', 'ERR_JSON_SYNTAX', 5)
  refuses('["a\nb"]', 'ERR_JSON_SYNTAX', 3)
  refuses('"\\', 'ERR_JSON_SYNTAX')
  refuses('"\\"', 'ERR_JSON_SYNTAX')
  refuses('"\\x41"', 'ERR_JSON_SYNTAX')
})

test('an error shows one character of the input at most', () => {
  assert.throws(() => read('{"secret" hunter2}'), {
    message: 'expected ":", found "h" at byte 10',
  })
  assert.throws(() => read('[\u{1f600}'), {
    message: 'expected a value, found "\u{1f600}" at byte 1',
  })
})

test('each limit accepts what fills it and refuses one more [BAD-6]', () => {
  const [maxDepth, maxValues, maxNumberLength] = [64, 100_000, 1024] as const
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  const objects = (depth: number) => `${'{"a":'.repeat(depth)}0${'}'.repeat(depth)}`
  const wide = (count: number) => `[${Array(count).fill(0).join()}]`
  read(nested(maxDepth))
  refuses(nested(maxDepth + 1), 'ERR_JSON_TOO_DEEP', maxDepth)
  read(objects(maxDepth))
  refuses(objects(maxDepth + 1), 'ERR_JSON_TOO_DEEP')
  read(`[${Array(200).fill('[{}]').join()}]`)
  read(wide(maxValues))
  refuses(wide(maxValues + 1), 'ERR_JSON_TOO_MANY')
  refuses('{"a":[1,2],"b":3}', 'ERR_JSON_TOO_MANY', undefined, { maxValues: 3 })
  read('{"a":[1,2],"b":3}', { maxValues: 4 })
  read('9'.repeat(maxNumberLength))
  refuses('9'.repeat(maxNumberLength + 1), 'ERR_JSON_NUMBER_LENGTH', 0)
  read('"ä"', { maxBytes: 4 })
  refuses('"ä"', 'ERR_JSON_TOO_LARGE', 3, { maxBytes: 3 })
  assert.throws(() => read('1', { maxDepth: 1001 }), TypeError)
})

test('hostile sizes are answered at once [BAD-6]', () => {
  const started = process.hrtime.bigint()
  refuses('['.repeat(100_000), 'ERR_JSON_TOO_DEEP')
  refuses('{"a":'.repeat(100_000), 'ERR_JSON_TOO_DEEP')
  const deepest = '['.repeat(1000) + ']'.repeat(1000)
  read(deepest, { maxDepth: 1000 })
  read(`${' \t\r\n'.repeat(16_384)}{}${' '.repeat(65_536)}`)
  const long = 'x'.repeat(1 << 20)
  assert.equal(read(JSON.stringify(long)), long)
  assert.equal(read(`"${'\\u0041'.repeat(1 << 18)}"`), 'A'.repeat(1 << 18))
  refuses(`"${'\\'.repeat(1 << 20)}`, 'ERR_JSON_SYNTAX')
  read(`{${Array.from({ length: 90_000 }, (_, i) => `"${i * 1024}":0`).join()}}`)
  refuses('-'.repeat(1 << 20), 'ERR_JSON_SYNTAX')
  assert.throws(() => readJson(Buffer.alloc(1 << 21, 0xbf)), { code: 'ERR_JSON_ENCODING' })
  assert.ok(process.hrtime.bigint() - started < 20_000_000_000n)
})

test('bytes that are a window into a larger buffer are read alone', () => {
  const buffer = new Uint8Array(Buffer.from('xx[1]yy'))
  assert.deepEqual(readJson(buffer.subarray(2, 5)), [new JsonNumber('1')])
})

test('any bytes are read or refused with a JsonError, and accepted only when JSON.parse accepts', () => {
  const texts = fc.oneof(
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...'{}[]",:\\u019e.-+ tfn\n')).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      if (verdict(Buffer.from(text)) === 'accepted') JSON.parse(text)
    }),
    { numRuns: 3000 },
  )
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      if (verdict(bytes) === 'accepted') JSON.parse(Buffer.from(bytes).toString())
    }),
  )
})

test('what JSON.stringify writes is read to the same values', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value)
      if (/"__proto__":/.test(text)) return
      assert.equal(JSON.stringify(plain(read(text))), text)
    }),
    { numRuns: 1000 },
  )
})
