/** Why an exchange was broken off before its end; the reason of its abort signal. */

import type { Ending } from '../audit/record.ts'

export class Cut extends Error {
  readonly ending: Ending

  constructor(ending: Ending) {
    super(ending)
    this.name = 'Cut'
    this.ending = ending
  }
}

/** How an aborted exchange ended. */
export function endingOf(signal: AbortSignal): Ending {
  return signal.reason instanceof Cut ? signal.reason.ending : 'failed'
}
