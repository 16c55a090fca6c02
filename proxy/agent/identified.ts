/**
 * Who is at the far end of one local connection, for as long as the agent says so.
 *
 *   asking --first answer--> watched --stream broke--> unwatched --same answer--> watched
 *      |                        |                          |
 *      +--refused--> Failure    +--ended by the agent------+--another answer, expiry--> ended
 *
 * While the agent restarts, a peer that it named stays known until its SVID expires; the question is
 * asked again as soon as the agent is back, and only the same identity for the same connection lets
 * it go on. Whatever else ends the stream ends the identity: the process is gone or is not what it
 * was. No request may start once `ended` is aborted.
 */

import type { IdentifyRequest } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyRequest.ts'
import type { IdentifyResponse__Output } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyResponse.ts'
import { Backoff, pause } from '../../runtime/backoff.ts'
import type { Clock } from '../../runtime/clock.ts'
import { Failure, type FailureCode } from '../../runtime/failure.ts'
import { SpiffeError } from '../../spiffe/spiffe-error.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { LocalIdentities, LocalIdentity } from './local-identity.ts'
import { LocalSvid } from './local-svid.ts'
import type { ProxyAgent } from './proxy-agent.ts'

export interface IdentifyDeps {
  readonly agent: ProxyAgent
  readonly identities: LocalIdentities
  readonly clock: Clock
}

/**
 * Asks the agent and waits for its first answer. Throws a Failure when it refuses, cannot be asked,
 * or names what cannot be used.
 */
export async function identify(
  request: IdentifyRequest,
  deps: IdentifyDeps,
  signal: AbortSignal,
): Promise<Identified> {
  const closing = new AbortController()
  const abort = (): void => {
    closing.abort(signal.reason)
  }
  signal.throwIfAborted()
  signal.addEventListener('abort', abort, { once: true })
  const answers = deps.agent.identify(request, closing.signal)
  try {
    const first = await firstOf(answers, closing.signal)
    if (first.done === true) throw new Failure('permission-denied', 'the agent named nobody')
    return new Identified(first.value, answers, request, { deps, closing })
  } catch (error) {
    closing.abort()
    void drain(answers)
    if (signal.aborted)
      throw new Failure('deadline-exceeded', 'the agent did not answer in time', { cause: error })
    throw error instanceof SpiffeError
      ? new Failure('protocol-error', `unusable identity: ${error.message}`, { cause: error })
      : error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

type Answers = AsyncGenerator<IdentifyResponse__Output, void, undefined>

/** Rejects at once when the signal is aborted. */
async function firstOf(
  answers: Answers,
  signal: AbortSignal,
): Promise<IteratorResult<IdentifyResponse__Output, void>> {
  return await new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(new Failure('cancelled', 'the question was withdrawn'))
    }
    signal.addEventListener('abort', abort, { once: true })
    answers
      .next()
      .then(resolve, reject)
      .finally(() => {
        signal.removeEventListener('abort', abort)
      })
  })
}

/** What was asked before we hung up may still be answered; it is nobody's any more. */
async function drain(answers: Answers): Promise<void> {
  try {
    for await (const _answer of answers);
  } catch {
    // How it ended is not of interest: whoever asked has been told already.
    return
  }
}

class Identified {
  readonly identity: LocalIdentity
  readonly #request: IdentifyRequest
  readonly #deps: IdentifyDeps
  readonly #closing: AbortController
  readonly #ending = new AbortController()
  #pids: readonly number[]

  constructor(
    first: IdentifyResponse__Output,
    answers: Answers,
    request: IdentifyRequest,
    { deps, closing }: { readonly deps: IdentifyDeps; readonly closing: AbortController },
  ) {
    this.identity = deps.identities.hold(first)
    this.#pids = first.pids
    this.#request = request
    this.#deps = deps
    this.#closing = closing
    void this.#follow(answers)
  }

  get id(): SpiffeId {
    return this.identity.id
  }

  /** Processes that hold the far end. */
  get pids(): readonly number[] {
    return this.#pids
  }

  /** Aborted when this identity may not be used any more; the reason is a Failure. */
  get ended(): AbortSignal {
    return this.#ending.signal
  }

  /** The connection is gone, and with it the question. Idempotent. */
  close(): void {
    this.#end(new Failure('cancelled', 'the connection was closed'))
  }

  async #follow(first: Answers): Promise<void> {
    const backoff = new Backoff({ firstMs: 50, mostMs: 1000 })
    let answers = first
    for (;;) {
      try {
        for await (const answer of answers) {
          this.#take(answer)
          backoff.reset()
        }
        this.#end(new Failure('permission-denied', 'the agent ended the identity'))
        return
      } catch (error) {
        if (!isOutage(error) || this.identity.svid.isExpired(this.#deps.clock.now())) {
          this.#end(error)
          return
        }
      }
      await pause(backoff.nextMs(), this.#closing.signal)
      if (this.#closing.signal.aborted) return
      answers = this.#deps.agent.identify(this.#request, this.#closing.signal)
    }
  }

  #take(answer: IdentifyResponse__Output): void {
    if (this.#closing.signal.aborted) return
    if (answer.spiffeId !== this.id)
      throw new Failure('permission-denied', 'the process has another identity now')
    const svid = new LocalSvid(this.id, answer.x509Svid, answer.x509SvidKey)
    this.identity.take(svid, answer.bundles)
    this.#pids = answer.pids
  }

  #end(reason: unknown): void {
    if (this.#ending.signal.aborted) return
    this.#deps.identities.release(this.identity)
    this.#ending.abort(reason)
    this.#closing.abort()
  }
}

export type { Identified }

/** What says nothing about the process: the agent, or the connection to it, has a problem. */
const outages: ReadonlySet<FailureCode> = new Set([
  'unavailable',
  'cancelled',
  'deadline-exceeded',
  'resource-exhausted',
  'protocol-error',
  'internal',
])

/** Whether the agent could not answer, as opposed to having refused. */
function isOutage(error: unknown): boolean {
  return error instanceof Failure && outages.has(error.code)
}
