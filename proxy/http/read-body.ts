/** A request body that is read whole, within a size and a time. */

import type { Readable } from 'node:stream'
import { type Denied, deny } from '../denied.ts'

export interface BodyLimits {
  readonly maxBytes: number
  readonly timeoutMs: number
}

/** All bytes of the stream, or why not. A stream over the limit is left for its owner to end. */
export async function readBody(
  body: Readable,
  { maxBytes, timeoutMs }: BodyLimits,
): Promise<Uint8Array | Denied> {
  return await new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const done = (result: Uint8Array | Denied): void => {
      clearTimeout(timer)
      body.off('data', take).off('end', end).off('close', broken).off('error', broken)
      resolve(result)
    }
    const take = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > maxBytes) done(deny('body-too-large', `more than ${maxBytes} bytes`))
      else chunks.push(chunk)
    }
    const end = (): void => {
      done(Buffer.concat(chunks, bytes))
    }
    const broken = (): void => {
      done(deny('body-incomplete', `broken off after ${bytes} bytes`))
    }
    const timer = setTimeout(() => {
      done(deny('body-incomplete', `${bytes} bytes in ${timeoutMs} ms`))
    }, timeoutMs)
    // The owner of the stream hears of errors too; here they only end the reading.
    body.on('data', take).on('end', end).on('close', broken).on('error', broken)
  })
}
