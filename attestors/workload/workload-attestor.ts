/**
 * What a workload attestor is: it finds out about one local process what an entry's selectors may
 * ask for.
 */

import type { Selector } from '../../registration/selector.ts'
import type { Peer } from '../../runtime/peer-credentials.ts'

export interface WorkloadAttestor {
  /** The type of its selectors. */
  readonly type: string
  /**
   * The selectors of a process that the caller holds. The caller makes sure before and after that
   * the process is alive and unchanged; what was read in between then belongs to it.
   *
   * @throws when the process cannot be read; it has no selectors of this type then.
   */
  attest(peer: Peer, signal: AbortSignal): Promise<readonly Selector[]>
  close(): Promise<void>
}
