/**
 * A stream from the agent that is opened again whenever it ends. What was learnt last stays in force
 * in between: the last good snapshot outlives an outage of the agent.
 */

import { Backoff } from '../../runtime/backoff.ts'
import type { Logger } from '../../runtime/log.ts'
import { loop } from '../../runtime/loop.ts'

export interface Followed<Message> {
  /** For the log: `policies`, `bundles`. */
  readonly what: string
  readonly open: (signal: AbortSignal) => AsyncIterable<Message>
  /** Called in order, never again once the signal is aborted. */
  readonly take: (message: Message, isFirst: boolean) => void
  readonly log: Logger
}

/** Runs until the signal is aborted; never rejects. */
export async function follow<Message>(
  { what, open, take, log }: Followed<Message>,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff({ firstMs: 100, mostMs: 2000 })
  await loop(async () => {
    let isFirst = true
    try {
      for await (const message of open(signal)) {
        if (signal.aborted) break
        take(message, isFirst)
        isFirst = false
        backoff.reset()
      }
      log.info({ what }, 'The agent ended a stream; opening it again')
      return backoff.nextMs()
    } catch (err) {
      if (!signal.aborted) log.warn({ err, what }, 'A stream from the agent broke; trying again')
      return backoff.nextMs()
    }
  }, signal)
}
