/**
 * The outbound data path: identify -> read -> connect -> send -> answer.
 *
 * What a local process may call is for the callee's side to decide and record; here it is settled
 * whose identity the call is made under and that it reaches exactly the app. Only refusals that this
 * side makes itself are recorded here, so that each call has one decision. docs/proxy.md.
 */

import { Failure, reasonOf } from '../../runtime/failure.ts'
import type { Identified } from '../agent/identified.ts'
import { Cut } from '../cut.ts'
import { recordDenial } from '../decision-log.ts'
import { type Denied, deny, isDenied } from '../denied.ts'
import { decisionField, sendAnswer, sendRefusal } from '../http/answer.ts'
import { PoolFullError } from '../http/connection-pool.ts'
import { exchange } from '../http/exchange.ts'
import { forwardedFields, returnedFields } from '../http/forwarded-fields.ts'
import { only, readAnswerFields } from '../http/header-fields.ts'
import { type RequestHead, readHead } from '../http/request-head.ts'
import { decisionToDeny } from './decision.ts'
import { PeerRefusedError, PeerUnreachableError } from './mtls-connection.ts'
import type { PeerLease } from './peer-connections.ts'
import type { OutboundDeps, OutboundRequest, Target } from './target.ts'

/** Never rejects: whatever happens, the caller gets an answer or is cut. */
export async function handleOutbound(outbound: OutboundRequest, deps: OutboundDeps): Promise<void> {
  const { caller, request, response, target } = outbound
  const cutting = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) cutting.abort(new Cut('caller-gone'))
  })
  const denied = await serve(outbound, deps, cutting).catch((err: unknown) => {
    deps.log.error({ err, route: target.route }, 'A stage failed')
    return deny('internal', 'a stage failed')
  })
  if (denied === undefined) return
  const decision = decisionToDeny(denied, caller.identified(deps.clock.now()), request, target)
  const decisionId = await recordDenial(decision, deps.journal, deps.log)
  sendRefusal(response, denied, { protocol: 'http', decisionId })
}

async function serve(
  { caller, request, response, target }: OutboundRequest,
  deps: OutboundDeps,
  cutting: AbortController,
): Promise<Denied | undefined> {
  const identified = caller.identified(deps.clock.now())
  if (isDenied(identified)) return identified

  const head = readHead(request, target.hosts, target.limits)
  if (isDenied(head)) return head

  const lease = await connect(identified, target, cutting.signal)
  if (isDenied(lease)) return lease

  const cut = (): void => {
    cutting.abort(new Cut('revoked'))
  }
  identified.ended.addEventListener('abort', cut, { once: true })
  const objection = (): 'revoked' | undefined =>
    lease.connection.peer.isTrusted ? undefined : 'revoked'
  deps.exchanges.add(cutting, objection, target.limits.maxStreamAgeMs)
  try {
    return await send({ request, response, target }, head, lease, cutting)
  } finally {
    identified.ended.removeEventListener('abort', cut)
    deps.exchanges.remove(cutting)
  }
}

async function connect(
  identified: Identified,
  target: Target,
  signal: AbortSignal,
): Promise<PeerLease | Denied> {
  try {
    return await target.peers.lease(identified.identity, signal)
  } catch (error) {
    if (signal.aborted) return deny('caller-gone', 'before the app was reached')
    if (error instanceof PeerUnreachableError)
      return deny('peer-unreachable', `${error.message}: ${reasonOf(error.cause)}`)
    if (error instanceof PeerRefusedError) return deny('peer-not-expected', error.message)
    if (error instanceof PoolFullError) return deny('overloaded', 'connections to the app')
    throw error
  }
}

async function send(
  { request, response, target }: Omit<OutboundRequest, 'caller'>,
  head: RequestHead,
  lease: PeerLease,
  cutting: AbortController,
): Promise<Denied | undefined> {
  const { signal } = cutting
  const tally = { requestBytes: 0, answerBytes: 0 }
  const fields = forwardedFields(head.fields)
  // Checked here; the app's side knows only its own origins.
  fields.delete('origin')
  if (only(head.fields, 'expect') !== undefined) response.writeContinue()
  try {
    const outgoing = {
      method: head.method,
      target: head.target.path + head.target.query,
      fields,
      host: target.host,
      body: { stream: request, bytes: head.bodyBytes },
      tally,
    }
    const answer = await exchange(lease, outgoing, target.limits, signal)
    answer.once('error', () => {
      cutting.abort(new Cut('upstream-gone'))
    })
    const answered = readAnswerFields(answer.rawHeaders)
    const returned = returnedFields(answered)
    const decisionId = only(answered, decisionField)
    if (decisionId !== undefined) returned.set(decisionField, [decisionId])
    const status = answer.statusCode ?? 502
    await sendAnswer(response, { status, fields: returned, body: answer }, tally, signal)
    if (!request.readableEnded && head.bodyBytes !== 0) lease.discard()
    return undefined
  } catch (error) {
    lease.discard()
    if (error instanceof Failure && !response.headersSent) {
      const reason = error.code === 'deadline-exceeded' ? 'answer-late' : 'no-answer'
      return deny(reason, `${error.message}; if it was decided on, the app's side has the record`)
    }
    response.destroy()
    if (!signal.aborted) throw error
    return undefined
  }
}
