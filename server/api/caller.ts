/** Who calls, as the gate found out; what a handler gets to know depends on the role it was given. */

import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { AttestedNode } from '../datastore/collections/agents.ts'
import type { Actor } from '../datastore/collections/change-record.ts'
import type { Role } from './authorization.ts'

/** SPIRE's reasons for denying an agent, which agents act on. */
export type DeniedReason =
  | 'AGENT_EXPIRED'
  | 'AGENT_NOT_ATTESTED'
  | 'AGENT_NOT_ACTIVE'
  | 'AGENT_BANNED'
  | 'AGENT_MUST_REATTEST'

/** `untrusted`: what its SVID was verified against is not in the bundle any more. */
export type Standing = 'good' | 'untrusted' | DeniedReason

interface CallerFields {
  /** How change records name the caller; the action is the method. */
  readonly actor: Actor
}

export interface LocalCaller extends CallerFields {
  readonly role: 'local'
}

export interface AdminCaller extends CallerFields {
  readonly role: 'admin'
  readonly id: SpiffeId
}

export interface AgentCaller extends CallerFields {
  readonly role: 'agent'
  /** The agent as it was when the call was admitted. */
  readonly node: AttestedNode
  /** End of the SVID that it called with. */
  readonly svidNotAfter: Date
  /** Serial of that SVID, lower-case hex. */
  readonly svidSerial: string
  /** Network address. */
  readonly address: string
  /** Looks again, for a call that goes on: what a new call would be denied for, if for anything. */
  readonly standing: () => Standing
}

export interface AnyCaller extends CallerFields {
  readonly role: 'any'
  /** Network address; undefined on the private socket. */
  readonly address: string | undefined
}

export type Caller = LocalCaller | AdminCaller | AgentCaller | AnyCaller

export type CallerOf<R extends Role> = Extract<Caller, { readonly role: R }>
