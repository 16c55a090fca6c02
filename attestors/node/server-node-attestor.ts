/** The server's half of node attestation: what a payload proves about the node that sent it. */

import type { Selector } from '../../registration/selector.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'

export interface ServerNodeAttestor {
  /** Its name on the wire and in configuration. */
  readonly type: string
  /** Throws a Failure for the agent when the payload proves nothing. */
  attest(payload: Uint8Array): NodeAttestation
}

export interface NodeAttestation {
  readonly agentId: SpiffeId
  readonly selectors: readonly Selector[]
  /** Whether the same node may attest again, and must instead of renewing. */
  readonly canReattest: boolean
  /** Good for one agent: the server uses it up in the commit that admits the agent. */
  readonly joinToken?: string
}
