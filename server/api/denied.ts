/** Denials as SPIRE sends them: with the reason, where there is one, as a status detail. */

import { messageDefinition } from '../../proto/services.ts'
import { Failure } from '../../runtime/failure.ts'
import type { DeniedReason, Standing } from './caller.ts'

/** `good` and `untrusted` are no reasons that SPIRE has a word for. */
export function denied(message: string, reason?: DeniedReason | Standing): Failure {
  if (reason === undefined || reason === 'good' || reason === 'untrusted')
    return new Failure('permission-denied', message)
  const type = 'spire.api.types.PermissionDeniedDetails'
  const value = messageDefinition(type).serialize({ reason })
  return new Failure('permission-denied', message, { details: [{ type, value }] })
}
