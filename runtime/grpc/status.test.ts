import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { Failure, type FailureCode, failureFaults } from '../failure.ts'
import { grpcCodeName, isServiceError } from './peer-status.ts'
import { fromStatus, grpcCode, toStatus } from './status.ts'

const codes = Object.keys(failureFaults).filter(isCode)

function isCode(text: string): text is FailureCode {
  return Object.hasOwn(failureFaults, text)
}

/** What a peer makes of what we tell it. */
function overTheWire(error: unknown): Failure {
  const { code, details, metadata } = toStatus(error)
  return fromStatus(serviceError(code, details, metadata))
}

function serviceError(code: status, details: string, metadata: Metadata): ServiceError {
  return Object.assign(new Error(`${code}: ${details}`), { code, details, metadata })
}

test('a failure of the caller arrives as the same failure', () => {
  const ours = codes.filter((code) => failureFaults[code] === 'caller')
  for (const code of [...ours, 'unavailable', 'corrupt', 'deadline-exceeded'] as const) {
    const arrived = overTheWire(new Failure(code, `what was wrong with ${code}`))
    assert.equal(arrived.code, code)
    assert.equal(arrived.message, `what was wrong with ${code}`)
  }
})

test('details arrive whole, whatever their number and length', () => {
  const details = [0, 1, 127, 128, 5000].map((length) => ({
    type: `example.Type${length}`,
    value: new Uint8Array(length).fill(length),
  }))
  const arrived = overTheWire(new Failure('permission-denied', 'größe'.repeat(50), { details }))
  assert.deepEqual(
    arrived.details.map(({ type, value }) => [type, Uint8Array.from(value)]),
    details.map(({ type, value }) => [type, value]),
  )
})

test('what is no Failure leaves the process as "internal error" and nothing else', () => {
  for (const error of [new Error('secret path'), 'secret', undefined, { code: 5 }]) {
    const { code, details } = toStatus(error)
    assert.deepEqual([code, details], [status.INTERNAL, 'internal error'])
  }
})

test('details that make no sense are no details, and never an error', () => {
  for (const bytes of [[], [0xff], [0x1a, 0xff, 0xff], [0x08], [0x1a, 0x02, 0x0a], [0x0d, 1, 2]]) {
    const metadata = new Metadata()
    metadata.set('grpc-status-details-bin', Buffer.from(bytes))
    const failure = fromStatus(serviceError(status.PERMISSION_DENIED, 'no', metadata))
    assert.equal(failure.code, 'permission-denied')
    assert.ok(failure.details.length <= 1)
  }
})

test('a status that we never send is internal', () => {
  const failure = fromStatus(serviceError(status.OUT_OF_RANGE, 'odd', new Metadata()))
  assert.equal(failure.code, 'internal')
})

test('codes have the numbers and names of gRPC', () => {
  assert.equal(grpcCode('invalid-argument'), 3)
  assert.equal(grpcCode('permission-denied'), 7)
  assert.equal(grpcCode('unimplemented'), 12)
  const names: Readonly<Record<number, string>> = {
    0: 'OK',
    1: 'Canceled',
    3: 'InvalidArgument',
    7: 'PermissionDenied',
    16: 'Unauthenticated',
    99: 'Code(99)',
  }
  for (const [code, name] of Object.entries(names)) assert.equal(grpcCodeName(Number(code)), name)
})

test('an error of grpc-js is told from any other', () => {
  assert.equal(isServiceError(serviceError(status.CANCELLED, '', new Metadata())), true)
  for (const other of [new Error('x'), Object.assign(new Error('x'), { code: 'ENOENT' }), null])
    assert.equal(isServiceError(other), false)
})
