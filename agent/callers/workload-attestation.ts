/**
 * What the attestors say of a process that is held: DESIGN "Caller identity".
 *
 * The process must be alive and unchanged before and after, so that what was read belongs to it.
 * What was found is remembered for a moment per held process; an exec or a change of user shows in
 * the fingerprint on the next use.
 */

import type { WorkloadAttestor } from '../../attestors/workload/workload-attestor.ts'
import { selectorText } from '../../registration/selector.ts'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import type { Logger } from '../../runtime/log.ts'
import type { Peer } from '../../runtime/peer-credentials.ts'

/** How long selectors are remembered: names of users and groups may change meanwhile. */
const rememberedMs = 5000

interface Remembered {
  readonly selectors: Promise<ReadonlySet<string>>
  readonly until: number
}

export class WorkloadAttestation {
  readonly #attestors: readonly WorkloadAttestor[]
  readonly #log: Logger
  readonly #remembered = new WeakMap<Peer, Remembered>()

  constructor(attestors: readonly WorkloadAttestor[], log: Logger) {
    this.#attestors = attestors
    this.#log = log
  }

  /**
   * The process's selectors, each as `type:value`.
   *
   * @throws {Failure} `unavailable` when no attestor could tell, or the process is gone or changed.
   */
  async selectorsOf(peer: Peer, signal: AbortSignal): Promise<ReadonlySet<string>> {
    this.requireUnchanged(peer)
    const now = performance.now()
    const known = this.#remembered.get(peer)
    if (known !== undefined && known.until > now) return await known.selectors
    const selectors = this.#attest(peer, signal)
    this.#remembered.set(peer, { selectors, until: now + rememberedMs })
    try {
      return await selectors
    } catch (error) {
      this.#remembered.delete(peer)
      throw error
    }
  }

  /** @throws {Failure} `unavailable` when the process is gone, or not what it was when it was held. */
  requireUnchanged(peer: Peer): void {
    if (peer.isUnchanged()) return
    this.#log.warn({ pid: peer.pid, uid: peer.uid }, 'The process is gone or has changed')
    throw failed()
  }

  async #attest(peer: Peer, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const found = await Promise.allSettled(
      this.#attestors.map((attestor) => attestor.attest(peer, signal)),
    )
    const selectors = new Set<string>()
    let succeeded = 0
    for (const [at, result] of found.entries()) {
      if (result.status === 'fulfilled') {
        succeeded++
        for (const selector of result.value) selectors.add(selectorText(selector))
      } else
        this.#log.warn(
          { attestor: this.#attestors[at]?.type, pid: peer.pid, reason: reasonOf(result.reason) },
          'Workload attestor failed',
        )
    }
    if (succeeded === 0) throw failed()
    this.requireUnchanged(peer)
    this.#log.debug({ pid: peer.pid, selectors: [...selectors] }, 'PID attested to have selectors')
    return selectors
  }
}

function failed(): Failure {
  return new Failure('unavailable', 'workload attestation failed')
}
