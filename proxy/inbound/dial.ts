/** Fifth stage: an attested connection to the app. Nothing is sent. */

import { Failure, reasonOf } from '../../runtime/failure.ts'
import { type Denied, deny } from '../denied.ts'
import { PoolFullError } from '../http/connection-pool.ts'
import { UpstreamUnreachableError } from '../upstream/attested-connection.ts'
import type { UpstreamLease } from '../upstream/upstream.ts'
import type { Permit, ReadCall } from './decide.ts'

/** Connects, or takes a connection from the pool, whose other end the agent says is the app. */
export async function dial<Read extends ReadCall>(
  permit: Permit<Read>,
  signal: AbortSignal,
): Promise<Dialled<Read> | Denied> {
  const { known, routed } = permit.read
  try {
    return new Dialled(permit, await routed.service.upstream.lease(signal))
  } catch (error) {
    if (signal.aborted) return deny('caller-gone', 'before the app was reached', known)
    if (error instanceof UpstreamUnreachableError)
      return deny('upstream-unreachable', reasonOf(error.cause), known)
    if (error instanceof PoolFullError) return deny('overloaded', 'upstream connections', known)
    if (error instanceof Failure) return deny('upstream-not-attested', error.message, known)
    throw error
  }
}

/** A permitted call with the attested connection that it will go over. */
class Dialled<Read extends ReadCall> {
  readonly #permit: Permit<Read>
  readonly #lease: UpstreamLease

  constructor(permit: Permit<Read>, lease: UpstreamLease) {
    this.#permit = permit
    this.#lease = lease
  }

  get permit(): Permit<Read> {
    return this.#permit
  }

  get lease(): UpstreamLease {
    return this.#lease
  }
}

export type { Dialled }
