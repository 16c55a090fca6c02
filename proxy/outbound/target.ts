/** What one outbound listener leads to, and what the outbound path works with. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/log.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { DecisionLog } from '../decision-log.ts'
import type { HostNames } from '../http/host-names.ts'
import type { Limits } from '../limits.ts'
import type { OpenExchanges } from '../open-exchanges.ts'
import type { LocalCaller } from './local-caller.ts'
import type { PeerConnections } from './peer-connections.ts'

export interface Target {
  readonly app: SpiffeId
  /** How records name it. */
  readonly route: string
  /** What callers may call this listener. */
  readonly hosts: HostNames
  /** What the app's side is called in requests. */
  readonly host: string
  readonly limits: Limits
  readonly peers: PeerConnections
}

export interface OutboundDeps {
  readonly journal: DecisionLog
  readonly exchanges: OpenExchanges
  readonly clock: Clock
  readonly log: Logger
}

/** One request of a local process and where its answer goes. */
export interface OutboundRequest {
  readonly caller: LocalCaller
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly target: Target
}
