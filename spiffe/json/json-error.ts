// The one error of the JSON reader.

/** What was refused; stable, for callers that switch on it. */
export type JsonErrorCode =
  /** Not JSON, RFC 8259. */
  | 'ERR_JSON_SYNTAX'
  /** Not UTF-8, or a byte order mark. */
  | 'ERR_JSON_ENCODING'
  /** An escape that stands for half of a surrogate pair. */
  | 'ERR_JSON_SURROGATE'
  /** Two members of one object whose decoded names are equal. */
  | 'ERR_JSON_DUPLICATE_KEY'
  /** A member named `__proto__`. */
  | 'ERR_JSON_FORBIDDEN_KEY'
  /** Over `maxBytes`. */
  | 'ERR_JSON_TOO_LARGE'
  /** Over `maxDepth`. */
  | 'ERR_JSON_TOO_DEEP'
  /** Over `maxValues`. */
  | 'ERR_JSON_TOO_MANY'
  /** Over `maxNumberLength`. */
  | 'ERR_JSON_NUMBER_LENGTH'

/** JSON that is refused. The message holds at most one character of the input. */
export class JsonError extends Error {
  readonly code: JsonErrorCode
  /** Where, in bytes from the beginning of the input. */
  readonly offset: number

  constructor(code: JsonErrorCode, message: string, offset: number) {
    super(`${message} at byte ${offset}`)
    this.name = 'JsonError'
    this.code = code
    this.offset = offset
  }
}
