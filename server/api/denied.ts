/** Denials as SPIRE sends them: with the reason, where there is one, as a status detail. */

import { messageDefinition } from '../../proto/services.ts'
import { Failure } from '../../runtime/failure.ts'
import type { DeniedReason } from './caller.ts'

export function denied(message: string, reason?: DeniedReason): Failure {
  if (reason === undefined) return new Failure('permission-denied', message)
  const type = 'spire.api.types.PermissionDeniedDetails'
  const value = messageDefinition(type).serialize({ reason })
  return new Failure('permission-denied', message, { details: [{ type, value }] })
}
