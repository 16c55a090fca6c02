/** What a joining agent sends: the token's text and nothing else. */

import { Failure } from '../../../runtime/failure.ts'

/** Name of the attestor on the wire and in configuration. */
export const joinTokenType = 'join_token'

/** Longest token in bytes. */
export const maxJoinTokenBytes = 1024

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function joinTokenPayload(token: string): Uint8Array {
  return Buffer.from(token, 'utf8')
}

/** Throws a Failure `invalid-argument` when the payload cannot be a token. */
export function joinTokenOf(payload: Uint8Array): string {
  if (payload.length > maxJoinTokenBytes)
    throw new Failure('invalid-argument', `join token is longer than ${maxJoinTokenBytes} bytes`)
  try {
    return utf8.decode(payload)
  } catch (cause) {
    throw new Failure('invalid-argument', 'join token is not UTF-8 text', { cause })
  }
}
