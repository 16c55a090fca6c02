/** What a call was refused with, for `assert.rejects`. */

import assert from 'node:assert/strict'
import { messageDefinition } from '../../proto/services.ts'
import { Failure, type FailureCode } from '../../runtime/failure.ts'

export function refusedWith(code: FailureCode, message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof Failure, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  }
}

/** `authorization denied`, with this one of SPIRE's reasons, or none. */
export function deniedWith(reason: string | undefined): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof Failure, String(error))
    assert.equal(error.code, 'permission-denied', error.message)
    const type = 'spire.api.types.PermissionDeniedDetails'
    const reasons = error.details.map((detail) => {
      assert.equal(detail.type, type)
      return messageDefinition(type).deserialize(Buffer.from(detail.value))
    })
    assert.deepEqual(reasons, reason === undefined ? [] : [{ reason }])
    return true
  }
}
