/**
 * The connections to one app: a pool for each local identity that calls it. A connection under one
 * identity never carries a request of another.
 */

import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { LocalIdentity } from '../agent/local-identity.ts'
import { ConnectionPool, type Lease } from '../http/connection-pool.ts'
import { type Destination, MtlsConnection } from './mtls-connection.ts'

export type PeerLease = Lease<MtlsConnection>

export class PeerConnections {
  readonly #destination: Destination
  readonly #pools = new Map<SpiffeId, { readonly identity: LocalIdentity; readonly pool: Pool }>()

  constructor(destination: Destination) {
    this.#destination = destination
  }

  /** Throws as `MtlsConnection.open`, or PoolFullError. */
  async lease(identity: LocalIdentity, signal: AbortSignal): Promise<PeerLease> {
    return await this.#poolOf(identity).lease(signal)
  }

  /** Closes idle connections now and the others when they come back. */
  close(): void {
    for (const { pool } of this.#pools.values()) pool.close()
    this.#pools.clear()
  }

  #poolOf(identity: LocalIdentity): Pool {
    const known = this.#pools.get(identity.id)
    if (known?.identity === identity) return known.pool
    // The identity was forgotten and came back: its old key must not be used any more.
    known?.pool.close()
    for (const [id, { pool }] of this.#pools) if (pool.size === 0) this.#pools.delete(id)
    const { limits } = this.#destination
    const pool: Pool = new ConnectionPool({
      open: (signal) => MtlsConnection.open(identity, this.#destination, signal),
      idleMs: limits.peerIdleTimeoutMs,
      maxConnections: limits.maxConnections,
    })
    this.#pools.set(identity.id, { identity, pool })
    return pool
  }
}

type Pool = ConnectionPool<MtlsConnection>
