/** A verified peer sent what is no HTTP request: recorded, answered, closed. */

import type { Socket } from 'node:net'
import { recordDenial } from '../decision-log.ts'
import { closeWith, deniedFor } from '../http/broken-request.ts'
import type { VerifiedPeer } from '../tls/verified-peer.ts'
import { decisionToDeny } from './decision.ts'
import type { InboundDeps } from './deps.ts'
import type { Service } from './service.ts'

export async function refuseBroken(
  peer: VerifiedPeer,
  { socket, error }: { readonly socket: Socket; readonly error: Error },
  service: Service,
  { journal, log }: InboundDeps,
): Promise<void> {
  const denied = deniedFor(error)
  if (denied === undefined) {
    socket.destroy()
    return
  }
  const decision = decisionToDeny(denied, peer, undefined, service)
  const decisionId = await recordDenial(decision, journal, log)
  closeWith(socket, denied, { protocol: service.protocol, decisionId })
}
