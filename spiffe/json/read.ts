// The strict JSON reader: RFC 8259 and nothing beside it, with every freedom that lets two readers
// disagree taken away. Decides about messages before anyone else has seen them: duplicate names,
// encodings other than UTF-8, half surrogates and `__proto__` are refused; order of members and
// text of numbers are kept, so that `write.ts` can send on what was decided on.

import { isUtf8 } from 'node:buffer'
import { JsonError, type JsonErrorCode } from './json-error.ts'
import { MemberNames } from './member-names.ts'
import { JsonNumber } from './number.ts'
import { type JsonArray, JsonObject, type JsonValue } from './value.ts'

/** Bounds on one JSON text. */
export interface JsonLimits {
  /** Bytes of the whole text. */
  readonly maxBytes: number
  /** Arrays and objects inside one another; at most 1000. */
  readonly maxDepth: number
  /** Members of all objects and elements of all arrays together. */
  readonly maxValues: number
  /** Characters of one number. */
  readonly maxNumberLength: number
}

/** What applies when the caller of `readJson` sets no bound of its own. */
const DEFAULT_JSON_LIMITS: JsonLimits = {
  maxBytes: 4 * 1024 * 1024,
  maxDepth: 64,
  maxValues: 100_000,
  maxNumberLength: 1024,
}

// The reader calls itself once per level; this many levels fit any stack.
const DEEPEST = 1000

/**
 * Reads one JSON text.
 *
 * @throws JsonError when it is not strict JSON or over a limit
 */
export function readJson(bytes: Uint8Array, limits: Partial<JsonLimits> = {}): JsonValue {
  const bounds = { ...DEFAULT_JSON_LIMITS, ...limits }
  if (bounds.maxDepth > DEEPEST) throw new TypeError(`maxDepth is over ${DEEPEST}`)
  if (bytes.length > bounds.maxBytes) {
    throw new JsonError('ERR_JSON_TOO_LARGE', `more than ${bounds.maxBytes} bytes`, bounds.maxBytes)
  }
  return new Reader(decode(bytes), bounds).read()
}

function decode(bytes: Uint8Array): string {
  if (!isUtf8(bytes))
    throw new JsonError('ERR_JSON_ENCODING', 'invalid UTF-8', firstInvalidByte(bytes))
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  if (text.charCodeAt(0) === 0xfeff) {
    throw new JsonError('ERR_JSON_ENCODING', 'byte order mark', 0)
  }
  return text
}

/** Where the bytes stop being those of their own replacement text. */
function firstInvalidByte(bytes: Uint8Array): number {
  const repaired = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  const offset = bytes.findIndex((byte, at) => byte !== repaired[at])
  return offset === -1 ? bytes.length : offset
}

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const SMALL_F = 0x66
const SMALL_N = 0x6e
const SMALL_T = 0x74
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const HALF_SURROGATE = /\p{Surrogate}/u

class Reader {
  readonly #text: string
  readonly #limits: JsonLimits
  #at = 0
  #depth = 0
  #values = 0

  constructor(text: string, limits: JsonLimits) {
    this.#text = text
    this.#limits = limits
  }

  read(): JsonValue {
    this.#skipSpace()
    const value = this.#value()
    this.#skipSpace()
    if (this.#at < this.#text.length) throw this.#unexpected('the end')
    return value
  }

  #value(): JsonValue {
    const code = this.#text.charCodeAt(this.#at)
    switch (code) {
      case QUOTE:
        return this.#string()
      case OPEN_OBJECT: {
        this.#descend()
        const object = this.#object()
        this.#depth--
        return object
      }
      case OPEN_ARRAY: {
        this.#descend()
        const array = this.#array()
        this.#depth--
        return array
      }
      case SMALL_T:
        return this.#word('true', true)
      case SMALL_F:
        return this.#word('false', false)
      case SMALL_N:
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #object(): JsonObject {
    const names = new MemberNames()
    const values: JsonValue[] = []
    if (!this.#takes(CLOSE_OBJECT)) {
      do {
        this.#skipSpace()
        this.#name(names)
        if (!this.#takes(COLON)) throw this.#unexpected('":"')
        values.push(this.#member())
      } while (this.#takes(COMMA))
      if (!this.#takes(CLOSE_OBJECT)) throw this.#unexpected('"," or "}"')
    }
    return new JsonObject(names, values)
  }

  #name(names: MemberNames): void {
    const start = this.#at
    if (this.#text.charCodeAt(start) !== QUOTE) throw this.#unexpected('a name in quotes')
    const name = this.#string()
    if (name === '__proto__') {
      throw this.#error('ERR_JSON_FORBIDDEN_KEY', 'member named "__proto__"', start)
    }
    if (!names.add(name)) {
      throw this.#error('ERR_JSON_DUPLICATE_KEY', 'second member of the same name', start)
    }
  }

  #array(): JsonArray {
    const values: JsonValue[] = []
    if (!this.#takes(CLOSE_ARRAY)) {
      do values.push(this.#member())
      while (this.#takes(COMMA))
      if (!this.#takes(CLOSE_ARRAY)) throw this.#unexpected('"," or "]"')
    }
    return values
  }

  /** A value inside an array or object. */
  #member(): JsonValue {
    if (++this.#values > this.#limits.maxValues) {
      throw this.#error('ERR_JSON_TOO_MANY', `more than ${this.#limits.maxValues} values`, this.#at)
    }
    this.#skipSpace()
    return this.#value()
  }

  #string(): string {
    const text = this.#text
    const start = this.#at + 1
    let at = start
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) break
      if (code === BACKSLASH) return this.#escapedString(at)
      if (code < SPACE || at >= text.length) throw this.#badString(at)
      at++
    }
    this.#at = at + 1
    return text.slice(start, at)
  }

  /** A string whose first escape is at `firstEscape`. */
  #escapedString(firstEscape: number): string {
    const text = this.#text
    const start = this.#at
    let at = firstEscape
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) break
      if (code < SPACE || at >= text.length) throw this.#badString(at)
      at += code === BACKSLASH ? 2 : 1
    }
    this.#at = at + 1
    const string = this.#unescape(text.slice(start, at + 1), start)
    if (HALF_SURROGATE.test(string)) {
      throw this.#error('ERR_JSON_SURROGATE', 'half of a surrogate pair in the string', start)
    }
    return string
  }

  // Everything that could be read in two ways is settled before; what an escape stands for is not.
  #unescape(literal: string, start: number): string {
    try {
      return String(JSON.parse(literal))
    } catch {
      throw this.#error('ERR_JSON_SYNTAX', 'invalid escape in the string', start)
    }
  }

  #number(): JsonNumber {
    const start = this.#at
    NUMBER.lastIndex = start
    if (!NUMBER.test(this.#text)) throw this.#unexpected('a value')
    const end = NUMBER.lastIndex
    if (end - start > this.#limits.maxNumberLength) {
      const message = `number of more than ${this.#limits.maxNumberLength} characters`
      throw this.#error('ERR_JSON_NUMBER_LENGTH', message, start)
    }
    this.#at = end
    return new JsonNumber(this.#text.slice(start, end))
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected('a value')
    this.#at += word.length
    return value
  }

  #descend(): void {
    this.#depth++
    if (this.#depth > this.#limits.maxDepth) {
      const message = `deeper than ${this.#limits.maxDepth} arrays and objects`
      throw this.#error('ERR_JSON_TOO_DEEP', message, this.#at)
    }
    this.#at++
  }

  /** Skips white space and then this one character, if it is there. */
  #takes(wanted: number): boolean {
    this.#skipSpace()
    if (this.#text.charCodeAt(this.#at) !== wanted) return false
    this.#at++
    return true
  }

  #skipSpace(): void {
    let code = this.#text.charCodeAt(this.#at)
    while (code === SPACE || code === LINE_FEED || code === CARRIAGE_RETURN || code === TAB) {
      code = this.#text.charCodeAt(++this.#at)
    }
  }

  #badString(at: number): JsonError {
    this.#at = at
    return this.#unexpected('the rest of the string, control characters escaped')
  }

  #unexpected(expected: string): JsonError {
    const found = this.#text.codePointAt(this.#at)
    const what = found === undefined ? 'the end' : JSON.stringify(String.fromCodePoint(found))
    return this.#error('ERR_JSON_SYNTAX', `expected ${expected}, found ${what}`, this.#at)
  }

  #error(code: JsonErrorCode, message: string, at: number): JsonError {
    return new JsonError(code, message, Buffer.byteLength(this.#text.slice(0, at)))
  }
}
