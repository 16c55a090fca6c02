/**
 * Keeps the node's state as the server has it: one watch stream, taken up again from the revision
 * that is held whenever it ends.
 */

import { Backoff, pause } from '../../runtime/backoff.ts'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import type { Logger } from '../../runtime/log.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import { rejectionOf } from '../server-link/rejection.ts'
import type { ServerLink } from '../server-link/server-link.ts'
import type { NodeState } from './node-state.ts'
import { UpdateReader } from './read-update.ts'

export interface FollowDeps {
  readonly link: ServerLink
  readonly state: NodeState
  readonly trustDomain: TrustDomain
  readonly log: Logger
}

const waits = { firstMs: 250, mostMs: 30_000 } as const

/**
 * Follows until the signal is aborted.
 *
 * @throws {Failure} only when the server has refused this agent for good: see `rejectionOf`.
 */
export async function followServer(deps: FollowDeps, signal: AbortSignal): Promise<void> {
  const { link, log } = deps
  const backoff = new Backoff(waits)
  while (!signal.aborted) {
    const { trust, changed } = link
    const until = AbortSignal.any([signal, changed])
    try {
      await readStream(deps, until, () => {
        backoff.reset()
      })
      // The server ends streams that are old; the next one is taken up at once.
      await pause(waits.firstMs, until)
    } catch (error) {
      if (until.aborted) continue
      // A refusal of an SVID that has been replaced meanwhile says nothing about the agent.
      if (rejectionOf(error) !== undefined && link.trust.identity === trust.identity) throw error
      log.warn({ reason: reasonOf(error) }, 'Lost the stream of changes from the server')
      await pause(backoff.nextMs(), until)
    }
  }
}

async function readStream(
  { link, state, trustDomain, log }: FollowDeps,
  signal: AbortSignal,
  alive: () => void,
): Promise<void> {
  const reader = new UpdateReader(trustDomain, log)
  await link.use(async ({ watch }) => {
    const call = watch.bidi('Watch', { signal })
    const acknowledge = (): void => {
      const bundleSequenceNumber = String(state.bundles.get(trustDomain)?.sequenceNumber ?? 0n)
      call.send({ revision: state.revision, bundleSequenceNumber })
    }
    acknowledge()
    let isFirst = state.revision === '0'
    for await (const page of call.messages) {
      alive()
      if (isFirst && !page.reset)
        throw new Failure('protocol-error', 'expected the whole state first')
      isFirst = false
      const update = reader.read(page)
      if (update === undefined) continue
      state.apply(update)
      log.debug(
        { revision: update.revision, entries: update.entries.size, whole: update.isWhole },
        'Took over changes from the server',
      )
      acknowledge()
    }
  })
}
