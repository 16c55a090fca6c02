/** A stream as one text, never more of it than was agreed. */

import { UsageError } from './command.ts'

/** `name` is what the stream is called in errors. @throws {UsageError} for one that is longer. */
export async function readStream(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  maxBytes: number,
): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new UsageError(`${name} is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
