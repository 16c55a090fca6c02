/** What the stages of the inbound path work with. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/log.ts'
import type { Policies } from '../agent/policies.ts'
import type { DecisionLog } from '../decision-log.ts'
import type { OpenExchanges } from '../open-exchanges.ts'
import type { VerifiedPeer } from '../tls/verified-peer.ts'
import type { Service } from './service.ts'

export interface InboundDeps {
  readonly policies: Policies
  readonly journal: DecisionLog
  readonly exchanges: OpenExchanges
  readonly clock: Clock
  readonly log: Logger
}

/** One request of a verified peer and where its answer goes. */
export interface InboundRequest {
  readonly peer: VerifiedPeer
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly service: Service
}
