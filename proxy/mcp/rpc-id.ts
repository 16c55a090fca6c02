/** JSON-RPC request ids, as MCP narrows them: text, or an integer that every reader reads alike. */

import { JsonNumber } from '../../spiffe/json/number.ts'
import type { JsonValue } from '../../spiffe/json/value.ts'

export type RpcId = string | JsonNumber

/** Longest textual id, in UTF-16 units. */
const maxIdLength = 1024

/** The id, or undefined when the value is none. */
export function readRpcId(value: JsonValue | undefined): RpcId | undefined {
  if (typeof value === 'string') return value.length <= maxIdLength ? value : undefined
  return value instanceof JsonNumber && value.safeInteger() !== undefined ? value : undefined
}

/** Whether an answer's id is that of the request: same type, same text. */
export function isSameId(a: RpcId, b: JsonValue | undefined): boolean {
  return a instanceof JsonNumber ? b instanceof JsonNumber && a.text === b.text : a === b
}
