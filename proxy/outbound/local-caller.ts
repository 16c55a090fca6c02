/** Who made a connection to an outbound listener. */

import type { Socket } from 'node:net'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import { tcpConnectionOf } from '../../runtime/socket-facts.ts'
import { wireTcp } from '../agent/connection.ts'
import { type Identified, type IdentifyDeps, identify } from '../agent/identified.ts'
import { type Denied, deny } from '../denied.ts'

/**
 * Asks the agent, before anything is read from or written to the connection. To be called at once
 * when it was accepted: the facts that bind it to its process are taken now.
 */
export async function identifyCaller(
  socket: Socket,
  deps: IdentifyDeps,
  signal: AbortSignal,
): Promise<LocalCaller> {
  try {
    const tcpClient = wireTcp(tcpConnectionOf(socket))
    return new LocalCaller(await identify({ tcpClient }, deps, signal))
  } catch (error) {
    const code = error instanceof Failure ? `${error.code}: ` : ''
    return new LocalCaller(deny('caller-not-identified', `${code}${reasonOf(error)}`))
  }
}

class LocalCaller {
  readonly #outcome: Identified | Denied

  constructor(outcome: Identified | Denied) {
    this.#outcome = outcome
  }

  /** Who it is at this moment, or why nobody. */
  identified(now: Date): Identified | Denied {
    if ('denied' in this.#outcome) return this.#outcome
    const { ended, identity } = this.#outcome
    if (ended.aborted) return deny('identity-ended', reasonOf(ended.reason))
    return identity.svid.isExpired(now)
      ? deny('identity-ended', `the SVID expired at ${identity.svid.notAfter.toISOString()}`)
      : this.#outcome
  }

  close(): void {
    if ('identity' in this.#outcome) this.#outcome.close()
  }
}

export type { LocalCaller }
