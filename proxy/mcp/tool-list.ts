/**
 * The answer to `tools/list`, without the tools that the caller could not call.
 *
 * What is shown depends on who asks, so the answer is private and short-lived: MCP 2026-07-28,
 * "Caching". A policy is in force at once; a cached list only shows it late.
 */

import { JsonNumber } from '../../spiffe/json/number.ts'
import { JsonObject, type JsonValue } from '../../spiffe/json/value.ts'

/** Longest time that a filtered list may be cached, in milliseconds. */
const maxListTtlMs = 30_000

/** The result of `tools/list` for this caller; undefined when it cannot be read. */
export function filterToolList(
  result: JsonValue | undefined,
  isAllowed: (tool: string) => boolean,
): JsonObject | undefined {
  if (!(result instanceof JsonObject)) return undefined
  const tools = result.get('tools')
  if (!Array.isArray(tools)) return undefined
  const shown: JsonValue[] = []
  for (const tool of tools as readonly JsonValue[]) {
    const name = tool instanceof JsonObject ? tool.get('name') : undefined
    if (typeof name !== 'string') return undefined
    if (isAllowed(name)) shown.push(tool)
  }
  const filtered = result.with('tools', shown)
  if (!filtered.has('cacheScope') && !filtered.has('ttlMs')) return filtered
  return filtered.with('cacheScope', 'private').with('ttlMs', shortTtl(filtered.get('ttlMs')))
}

function shortTtl(ttl: JsonValue | undefined): JsonNumber {
  const ms = ttl instanceof JsonNumber ? Number(ttl.text) : 0
  return ms >= 0 && ms <= maxListTtlMs && ttl instanceof JsonNumber
    ? ttl
    : new JsonNumber(String(ms > maxListTtlMs ? maxListTtlMs : 0))
}
