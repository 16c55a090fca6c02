/** The body of a caller's request, not read yet. */

import type { Readable } from 'node:stream'

export interface BodyStream {
  readonly stream: Readable
  /** Tells the caller, who may wait for it (`Expect: 100-continue`), that the body is wanted. */
  readonly begin: () => void
}
