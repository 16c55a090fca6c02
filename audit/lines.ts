/** Splits a chain file, as it is read, into lines; a record is one line, whatever strings it holds. */

import { TextDecoder } from 'node:util'
import { maxLineBytes } from './chain.ts'

export type FileLine =
  /** Without its line end. */
  | { readonly text: string }
  /** Bytes that cannot be a record; nothing after them is read. */
  | { readonly fault: string }
  /** The file ends with these bytes and no line end: a record that was never finished. */
  | { readonly unfinishedBytes: number }

/** Only a line feed ends a line: U+2028 and carriage returns are characters like any other. */
export async function* fileLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<FileLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      pending.push(chunk.subarray(from, at))
      pendingBytes += at - from
      const text = pendingBytes > maxLineBytes ? undefined : decode(decoder, pending)
      yield text === undefined ? { fault: unreadable } : { text }
      if (text === undefined) return
      pending = []
      pendingBytes = 0
      from = at + 1
    }
    pending.push(chunk.subarray(from))
    pendingBytes += chunk.length - from
    if (pendingBytes > maxLineBytes) {
      yield { fault: unreadable }
      return
    }
  }
  if (pendingBytes > 0) yield { unfinishedBytes: pendingBytes }
}

const newline = 0x0a
const unreadable = `is not UTF-8 text of at most ${maxLineBytes} bytes`

function decode(decoder: TextDecoder, parts: readonly Uint8Array[]): string | undefined {
  try {
    return decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts))
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
