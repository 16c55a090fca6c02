/** What became of one item of a batch; the call as a whole succeeds. */

import type { Status__Output } from '../../proto/gen/spire/api/types/Status.ts'
import { RegistrationError } from '../../registration/registration-error.ts'
import { Failure, type FailureCode } from '../../runtime/failure.ts'
import { grpcCode } from '../../runtime/grpc/status.ts'
import { SpiffeError } from '../../spiffe/spiffe-error.ts'

export const itemOk: Status__Output = { code: 0, message: 'OK' }

export function itemStatus(code: FailureCode, message: string): Status__Output {
  return { code: grpcCode(code), message }
}

/**
 * Reads a part of a request. What the domain refuses becomes a Failure for the caller, its message
 * after `prefix`.
 */
export function readPart<T>(prefix: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof RegistrationError || error instanceof SpiffeError)) throw error
    const isDuplicate =
      error instanceof RegistrationError && error.code === 'ERR_REGISTRATION_DUPLICATE'
    throw new Failure(
      isDuplicate ? 'already-exists' : 'invalid-argument',
      `${prefix}: ${error.message}`,
      { cause: error },
    )
  }
}

/** The Failure of one item as its status; other errors are the call's. */
export function statusOfFailure(error: unknown): Status__Output {
  if (!(error instanceof Failure)) throw error
  return itemStatus(error.code, error.message)
}
