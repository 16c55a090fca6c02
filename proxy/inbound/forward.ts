/** Seventh stage: the recorded call, and nothing else, goes to the app. */

import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import { type Denied, deny } from '../denied.ts'
import { exchange, type SentTally } from '../http/exchange.ts'
import type { VerifiedPeer } from '../tls/verified-peer.ts'
import type { ReadCall } from './decide.ts'
import type { Recorded } from './record.ts'
import type { Service } from './service.ts'

/** Sends the call and waits for the head of the answer. Throws the Cut when the signal is aborted. */
export async function forward<Read extends ReadCall>(
  recorded: Recorded<Read>,
  tally: SentTally,
  signal: AbortSignal,
): Promise<Answer<Read> | Denied> {
  const { permit, lease } = recorded.dialled
  const { read } = permit
  const { head, service, caller } = read.routed
  const fields = read.fields
  if (service.authorization === 'strip') fields.delete('authorization')
  fields.set('x-forwarded-client-cert', [clientCertificate(caller.peer, service)])
  try {
    const { target, body } = read
    const { host } = service.upstream
    const outgoing = { method: head.method, target, fields, host, body, tally }
    return new Answer(recorded, await exchange(lease, outgoing, service.limits, signal))
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof Failure)) throw error
    const reason = error.code === 'deadline-exceeded' ? 'answer-late' : 'no-answer'
    return deny(reason, reasonOf(error), { ...read.known, decisionId: recorded.decisionId })
  }
}

/** What the app answered; its body has not been read. */
class Answer<Read extends ReadCall> {
  readonly #recorded: Recorded<Read>
  readonly #incoming: IncomingMessage

  constructor(recorded: Recorded<Read>, incoming: IncomingMessage) {
    this.#recorded = recorded
    this.#incoming = incoming
  }

  get recorded(): Recorded<Read> {
    return this.#recorded
  }

  get incoming(): IncomingMessage {
    return this.#incoming
  }
}

export type { Answer }

/** Envoy's form: who was called, the caller's certificate, and its SPIFFE ID. */
function clientCertificate(peer: VerifiedPeer, { app }: Service): string {
  const hash = createHash('sha256').update(peer.svid.leaf.der).digest('hex')
  return `By=${app};Hash=${hash};URI=${peer.id}`
}
