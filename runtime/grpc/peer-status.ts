/** What a peer refused a call with, for programs that print it. Loads nothing of gRPC. */

import type { ServiceError } from '@grpc/grpc-js'

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error
}

/** Go's names of the gRPC codes, by number. */
const goNames: readonly string[] = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
]

/** Go's name of a gRPC code, such as `InvalidArgument`, as SPIRE's command line prints it. */
export function grpcCodeName(code: number): string {
  return goNames[code] ?? `Code(${code})`
}
