/** A local process sent what is no HTTP request: recorded, answered, closed. */

import type { Socket } from 'node:net'
import { recordDenial } from '../decision-log.ts'
import { closeWith, deniedFor } from '../http/broken-request.ts'
import { decisionToDeny } from './decision.ts'
import type { LocalCaller } from './local-caller.ts'
import type { OutboundDeps, Target } from './target.ts'

export async function refuseBroken(
  caller: LocalCaller,
  { socket, error }: { readonly socket: Socket; readonly error: Error },
  target: Target,
  { journal, log, clock }: OutboundDeps,
): Promise<void> {
  const denied = deniedFor(error)
  if (denied === undefined) {
    socket.destroy()
    return
  }
  const decision = decisionToDeny(denied, caller.identified(clock.now()), {}, target)
  const decisionId = await recordDenial(decision, journal, log)
  closeWith(socket, denied, { protocol: 'http', decisionId })
}
