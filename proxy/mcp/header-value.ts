/**
 * Values of `Mcp-*` header fields: plain when they are visible ASCII, else in the form
 * `=?base64?...?=` over UTF-8. MCP 2026-07-28, Streamable HTTP, "Encoding of header values".
 */

const sentinel = /^=\?base64\?(.*)\?=$/i
const plain = /^(?! )[\x20-\x7e]*(?<! )$/
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** What a field's value stands for; undefined when it is not the one encoding of anything. */
export function decodeHeaderValue(text: string): string | undefined {
  const encoded = sentinel.exec(text)?.[1]
  if (encoded === undefined) return text
  if (!text.startsWith('=?base64?') || !base64.test(encoded)) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) return undefined
  const decoded = bytes.toString('utf8')
  return Buffer.from(decoded, 'utf8').equals(bytes) ? decoded : undefined
}

/** The field value for a text; a text that looks encoded is itself encoded. */
export function encodeHeaderValue(text: string): string {
  if (plain.test(text) && !sentinel.test(text)) return text
  return `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`
}
