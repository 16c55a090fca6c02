/**
 * Follows the X.509 side of a Workload API as go-spiffe does: the stream is opened again after
 * whatever ends it, with waits of 1, 2, ... 30 s, except where trying again cannot help.
 */

import type { SpiffeWorkloadAPIDefinition } from '../../proto/gen/SpiffeWorkloadAPI.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { pause } from '../../runtime/backoff.ts'
import { Failure } from '../../runtime/failure.ts'
import { GrpcClient } from '../../runtime/grpc/client.ts'
import { workloadApiTarget } from './address.ts'
import { type X509Context, x509ContextOf } from './x509-context.ts'

export interface WorkloadApiOptions {
  /** `unix:///absolute/path` or `tcp://IP:port`. */
  readonly address: string
  /** Told of each error after which the stream is opened again. */
  readonly onRetry?: (error: Failure, waitMs: number) => void
  /** First wait; each further one is longer by the same, up to thirty of them. 1 s unless told. */
  readonly waitStepMs?: number
}

const security = { 'workload.spiffe.io': 'true' } as const
const longestWaitSteps = 30

/**
 * Each state in full, the first at once. Ends when the signal is aborted.
 *
 * @throws {Failure} `invalid-argument` or `unimplemented`: this can never succeed.
 */
export async function* watchX509Context(
  { address, onRetry, waitStepMs = 1000 }: WorkloadApiOptions,
  signal: AbortSignal,
): AsyncGenerator<X509Context, void, undefined> {
  const client = new GrpcClient(
    serviceDefinition<SpiffeWorkloadAPIDefinition>('SpiffeWorkloadAPI'),
    workloadApiTarget(address),
    undefined,
    {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.min_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    },
  )
  try {
    const isOver = (): boolean => signal.aborted
    for (let failures = 0; !isOver(); ) {
      try {
        const metadata = security
        for await (const response of client.serverStream(
          'FetchX509SVID',
          {},
          { signal, metadata },
        )) {
          const context = x509ContextOf(response)
          failures = 0
          yield context
        }
      } catch (error) {
        if (isOver()) return
        if (!(error instanceof Failure) || isFinal(error)) throw error
        failures++
        const waitMs = Math.min(failures, longestWaitSteps) * waitStepMs
        onRetry?.(error, waitMs)
        await pause(waitMs, signal)
        continue
      }
      // The other side ended the stream without an error: section 4.4 wants it opened at once.
      await pause(Math.min(waitStepMs, 100), signal)
    }
  } finally {
    client.close()
  }
}

/** The first state of a Workload API, tried once. @throws {Failure} */
export async function fetchX509Context(address: string, signal: AbortSignal): Promise<X509Context> {
  const client = new GrpcClient(
    serviceDefinition<SpiffeWorkloadAPIDefinition>('SpiffeWorkloadAPI'),
    workloadApiTarget(address),
  )
  try {
    const options = { signal, metadata: security }
    for await (const response of client.serverStream('FetchX509SVID', {}, options))
      return x509ContextOf(response)
    throw new Failure('unavailable', 'the Workload API ended the stream without an answer')
  } finally {
    client.close()
  }
}

function isFinal({ code }: Failure): boolean {
  return code === 'invalid-argument' || code === 'unimplemented'
}
