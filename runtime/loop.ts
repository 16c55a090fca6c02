/** Something done again and again: each turn is awaited, and an abort ends it. */

import { pause } from './backoff.ts'

/**
 * Runs `turn`, waits the milliseconds it returns, and so on until the signal is aborted.
 *
 * A turn that throws ends the loop with that error: what it can expect, it handles itself.
 */
export async function loop(
  turn: (signal: AbortSignal) => Promise<number>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const waitMs = await turn(signal)
    await pause(waitMs, signal)
  }
}
