/** The refusals after which an agent has no more business with its server. */

import { messageDefinition } from '../../proto/services.ts'
import { Failure } from '../../runtime/failure.ts'

const detailsType = 'spire.api.types.PermissionDeniedDetails'

/** What each reason of the server means for the agent. */
const meanings = {
  AGENT_BANNED: 'banned',
  AGENT_EXPIRED: 'ended',
  AGENT_NOT_ATTESTED: 'ended',
  AGENT_NOT_ACTIVE: 'ended',
  AGENT_MUST_REATTEST: 'ended',
} as const

/** `banned` is for good; `ended` takes a new attestation. */
export type Rejection = (typeof meanings)[keyof typeof meanings]

/** Whether the server has said that this agent is none of its agents (any more). */
export function rejectionOf(error: unknown): Rejection | undefined {
  if (!(error instanceof Failure) || error.code !== 'permission-denied') return undefined
  const detail = error.details.find(({ type }) => type === detailsType)
  if (detail === undefined) return undefined
  const reason = reasonIn(Buffer.from(detail.value))
  return reason !== undefined && isKnown(reason) ? meanings[reason] : undefined
}

function reasonIn(details: Buffer): string | undefined {
  const message = messageDefinition(detailsType).deserialize(details)
  return 'reason' in message && typeof message.reason === 'string' ? message.reason : undefined
}

function isKnown(reason: string): reason is keyof typeof meanings {
  return Object.hasOwn(meanings, reason)
}
