/**
 * A recorded call on its way: forward, answer, outcome. It is looked at again on every change of
 * policy and bundles, and cut when it would not be allowed to begin.
 */

import type { ServerResponse } from 'node:http'
import type { Ending } from '../../audit/record.ts'
import { decide as decideByPolicy } from '../../policy/decide.ts'
import { Cut, endingOf } from '../cut.ts'
import { type Denied, deny, isDenied, refusalOf } from '../denied.ts'
import { decisionField, sendAnswer } from '../http/answer.ts'
import { UnreadableAnswerError } from '../mcp/list-answer.ts'
import type { Objection } from '../open-exchanges.ts'
import { answerBody } from './answer-body.ts'
import type { ReadCall } from './decide.ts'
import type { InboundDeps } from './deps.ts'
import { forward } from './forward.ts'
import type { Recorded } from './record.ts'

/** Returns a refusal that is still to be answered; its decision is recorded already. */
export async function carry<Read extends ReadCall>(
  recorded: Recorded<Read>,
  response: ServerResponse,
  deps: InboundDeps,
  cutting: AbortController,
): Promise<Denied | undefined> {
  const { decisionId, dialled } = recorded
  const began = performance.now()
  const tally: Tally = { ended: 'failed', requestBytes: 0, answerBytes: 0 }
  const { maxStreamAgeMs } = dialled.permit.read.routed.service.limits
  deps.exchanges.add(cutting, objectionTo(recorded, deps), maxStreamAgeMs)
  try {
    return await transfer(recorded, response, { deps, cutting, tally })
  } finally {
    deps.exchanges.remove(cutting)
    deps.journal.appendOutcome(decisionId, { ...tally, durationMs: performance.now() - began })
  }
}

interface Tally {
  ended: Ending
  status?: number
  detail?: string
  requestBytes: number
  answerBytes: number
}

interface Transfer {
  readonly deps: InboundDeps
  readonly cutting: AbortController
  readonly tally: Tally
}

async function transfer<Read extends ReadCall>(
  recorded: Recorded<Read>,
  response: ServerResponse,
  { deps, cutting, tally }: Transfer,
): Promise<Denied | undefined> {
  const { permit, lease } = recorded.dialled
  const { service } = permit.read.routed
  const { signal } = cutting
  try {
    const answer = await forward(recorded, tally, signal)
    if (isDenied(answer)) {
      tally.ended = answer.denied === 'answer-late' ? 'timed-out' : 'upstream-gone'
      tally.status = refusalOf(answer.denied).status
      tally.detail = answer.detail
      return answer
    }
    answer.incoming.once('error', () => {
      cutting.abort(new Cut('upstream-gone'))
    })
    const answered = await answerBody(answer, () => deps.policies.of(service.app))
    if (isDenied(answered)) {
      lease.discard()
      tally.ended = 'answer-refused'
      tally.detail = answered.detail
      tally.status = refusalOf(answered.denied).status
      return answered
    }
    tally.status = answered.status
    answered.fields.set(decisionField, [recorded.decisionId])
    await sendAnswer(response, answered, tally, signal)
    if (!permit.read.isBodyDone) lease.discard()
    tally.ended = 'complete'
    return undefined
  } catch (error) {
    lease.discard()
    if (error instanceof UnreadableAnswerError) {
      tally.ended = 'answer-refused'
      tally.detail = error.message
    } else if (signal.aborted) tally.ended = endingOf(signal)
    else {
      deps.log.error({ err: error, route: service.route }, 'A stage failed')
      return deny('internal', 'a stage failed', { decisionId: recorded.decisionId })
    }
    response.destroy()
    return undefined
  }
}

/** Why the call could not begin now. */
function objectionTo<Read extends ReadCall>(
  { dialled }: Recorded<Read>,
  { policies }: InboundDeps,
): Objection {
  const { call, routed } = dialled.permit.read
  const { caller, service } = routed
  return () => {
    if (!caller.peer.isTrusted) return 'revoked'
    const { verdict } = decideByPolicy(policies.of(service.app), caller.id, call)
    return verdict === 'deny' ? 'policy-changed' : undefined
  }
}
