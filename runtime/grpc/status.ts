/** Failure to gRPC status and back: the one table at this edge. */

import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js'
import { Failure, type FailureCode, type FailureDetail } from '../failure.ts'

const statusOfCode = {
  'invalid-argument': status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  'failed-precondition': status.FAILED_PRECONDITION,
  'permission-denied': status.PERMISSION_DENIED,
  unauthenticated: status.UNAUTHENTICATED,
  'resource-exhausted': status.RESOURCE_EXHAUSTED,
  cancelled: status.CANCELLED,
  unimplemented: status.UNIMPLEMENTED,
  'deadline-exceeded': status.DEADLINE_EXCEEDED,
  'protocol-error': status.INTERNAL,
  'invalid-configuration': status.INTERNAL,
  unavailable: status.UNAVAILABLE,
  corrupt: status.DATA_LOSS,
  internal: status.INTERNAL,
} as const satisfies Record<FailureCode, status>

const detailsKey = 'grpc-status-details-bin'

/** The gRPC code of a Failure's code, also for statuses inside messages. */
export function grpcCode(code: FailureCode): number {
  return statusOfCode[code]
}

/**
 * What a caller is told of an error. Only a Failure's own message leaves the process; anything else
 * is `internal error`, and is the caller's to log.
 */
export function toStatus(error: unknown): StatusObject {
  if (!(error instanceof Failure))
    return { code: status.INTERNAL, details: 'internal error', metadata: new Metadata() }
  const metadata = new Metadata()
  const code = statusOfCode[error.code]
  if (error.details.length > 0)
    metadata.set(detailsKey, encodeStatus(code, error.message, error.details))
  return { code, details: error.message, metadata }
}

/** A peer's status as a Failure, with its details. */
export function fromStatus(error: ServiceError): Failure {
  const found = Object.entries(statusOfCode).find(([, code]) => code === error.code)?.[0]
  const code: FailureCode = isCode(found) ? found : 'internal'
  const [encoded] = error.metadata.get(detailsKey)
  const details = Buffer.isBuffer(encoded) ? decodeDetails(encoded) : []
  return new Failure(code, error.details, { cause: error, details })
}

function isCode(text: string | undefined): text is FailureCode {
  return text !== undefined && Object.hasOwn(statusOfCode, text)
}

// google.rpc.Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
function encodeStatus(code: number, message: string, details: readonly FailureDetail[]): Buffer {
  return Buffer.concat([
    Buffer.from([0x08, code]),
    field(2, Buffer.from(message)),
    ...details.map(({ type, value }) =>
      field(
        3,
        Buffer.concat([field(1, Buffer.from(`type.googleapis.com/${type}`)), field(2, value)]),
      ),
    ),
  ])
}

function decodeDetails(bytes: Uint8Array): FailureDetail[] {
  return fields(bytes, 3).map((any) => ({
    type: Buffer.from(fields(any, 1)[0] ?? [])
      .toString()
      .replace('type.googleapis.com/', ''),
    value: fields(any, 2)[0] ?? new Uint8Array(),
  }))
}

function field(number: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(value.length), value])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}

/** The length-delimited fields with this number; stops at the first byte that makes no sense. */
function fields(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = []
  let at = 0
  const read = (): number => {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[at++] ?? 0
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    return value >>> 0
  }
  while (at < bytes.length) {
    const tag = read()
    const length = read()
    if ((tag & 7) === 0) continue
    if ((tag & 7) !== 2 || at + length > bytes.length) break
    if (tag >>> 3 === wanted) found.push(bytes.subarray(at, at + length))
    at += length
  }
  return found
}
