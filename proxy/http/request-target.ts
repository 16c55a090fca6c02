/**
 * The target of a request: only the origin form, and only in the one spelling that every reader
 * takes the same way. RFC 9112 section 3.2.1, RFC 3986 section 6.
 *
 * The path that is decided on is byte for byte the path that is sent on. So nothing is normalised:
 * a path that normalisation, percent-decoding or a reader of backslashes, parameters or fragments
 * could change is refused.
 */

/** A target that needs no further reading. */
export interface RequestTarget {
  readonly path: string
  /** With its question mark; empty when there is none. Never decided on. */
  readonly query: string
}

export interface TargetProblem {
  readonly problem: 'not-normal' | 'too-long'
  readonly detail: string
}

// RFC 3986 pchar without "%" and ";" (parameters), and "/".
const pathCharacters = /^[A-Za-z0-9\-._~!$&'()*+,=:@/]+$/
// Visible ASCII, but for what ends a query or is read as a path by some.
const queryCharacters = /^[\x21-\x7e]*$/
const queryRefused = /[#\\]/

export function readTarget(text: string, maxBytes: number): RequestTarget | TargetProblem {
  if (text.length > maxBytes)
    return { problem: 'too-long', detail: `target of more than ${maxBytes} bytes` }
  const mark = text.indexOf('?')
  const path = mark === -1 ? text : text.slice(0, mark)
  const query = mark === -1 ? '' : text.slice(mark)
  if (!path.startsWith('/')) return refuse('target is not in origin form')
  if (!pathCharacters.test(path)) return refuse('path has a character that is not accepted')
  const segments = path.slice(1).split('/')
  if (segments.some((segment) => segment === '.' || segment === '..'))
    return refuse('path has a dot segment')
  if (segments.slice(0, -1).includes('')) return refuse('path has an empty segment')
  if (!queryCharacters.test(query) || queryRefused.test(query))
    return refuse('query has a character that is not accepted')
  return { path, query }
}

export function isTargetProblem(read: RequestTarget | TargetProblem): read is TargetProblem {
  return 'problem' in read
}

function refuse(detail: string): TargetProblem {
  return { problem: 'not-normal', detail }
}
