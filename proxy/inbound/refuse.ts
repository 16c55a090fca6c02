/** A refusal of the data path: into the record, then to the caller. */

import { recordDenial } from '../decision-log.ts'
import type { Denied } from '../denied.ts'
import { sendRefusal } from '../http/answer.ts'
import { decisionToDeny } from './decision.ts'
import type { InboundDeps, InboundRequest } from './deps.ts'

/** Answers once the denial is recorded, or is known to be lost. */
export async function refuse(
  denied: Denied,
  { peer, request, response, service }: InboundRequest,
  { journal, log }: InboundDeps,
): Promise<void> {
  const { method = '', url = '' } = request
  const decisionId =
    denied.decisionId ??
    (await recordDenial(
      decisionToDeny(denied, peer, { method, path: url.split('?', 1)[0] ?? '' }, service),
      journal,
      log,
    ))
  sendRefusal(response, denied, { protocol: service.protocol, decisionId })
}
