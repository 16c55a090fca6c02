/** SPIFFE Workload Endpoint section 2.3: the header that a web page cannot be made to send. */

import type { Metadata } from '@grpc/grpc-js'
import { Failure } from '../../runtime/failure.ts'

const header = 'workload.spiffe.io'

/** @throws {Failure} `invalid-argument` unless the header is there once, with the value `true`. */
export function requireSecurityHeader(metadata: Metadata): void {
  const values = metadata.get(header)
  if (values.length !== 1 || values[0] !== 'true')
    throw new Failure('invalid-argument', 'security header missing from request')
}
