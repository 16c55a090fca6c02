/**
 * Connections of one kind to one place, taken out for one request at a time.
 *
 * The pool knows neither whose connections they are nor how they are made: it keeps those that may
 * be used again, the last used first, and closes them before the other side would.
 */

import type { HttpConnection } from './http-connection.ts'

export interface Pooled {
  readonly http: HttpConnection
  /** Whether a new request may start on it. */
  isFresh(): boolean
  /** The connection is to be given up. */
  close(): void
}

export interface PoolOptions<Connection extends Pooled> {
  /** Connects; throws when nothing can be connected to or it is not who it should be. */
  readonly open: (signal: AbortSignal) => Promise<Connection>
  readonly idleMs: number
  readonly maxConnections: number
}

/** Thrown by `lease` when every connection is in use and no more may be opened. */
export class PoolFullError extends Error {}

export class ConnectionPool<Connection extends Pooled> {
  readonly #options: PoolOptions<Connection>
  readonly #idle: Idle<Connection>[] = []
  readonly #all = new Set<Connection>()
  #opening = 0
  #isClosed = false

  constructor(options: PoolOptions<Connection>) {
    this.#options = options
  }

  get size(): number {
    return this.#all.size + this.#opening
  }

  /** A connection for one request; the last used fresh one, or a new one. */
  async lease(signal: AbortSignal): Promise<Lease<Connection>> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      clearTimeout(idle.timer)
      const { connection } = idle
      if (connection.http.isOpen && connection.isFresh()) return new Lease(connection, this)
      this.discard(connection)
    }
    if (this.size >= this.#options.maxConnections) throw new PoolFullError()
    return new Lease(await this.#open(signal), this)
  }

  /** For a lease: the connection can take another request, or will when the present one is over. */
  giveBack(connection: Connection, idleMs: number): void {
    if (!this.#all.has(connection)) return
    if (this.#isClosed || !connection.http.isOpen || !connection.isFresh()) {
      this.discard(connection)
      return
    }
    const timer = setTimeout(
      () => {
        this.discard(connection)
      },
      Math.min(idleMs, this.#options.idleMs),
    )
    timer.unref()
    this.#idle.push({ connection, timer })
  }

  discard(connection: Connection): void {
    if (!this.#all.delete(connection)) return
    const at = this.#idle.findIndex((idle) => idle.connection === connection)
    if (at !== -1) clearTimeout(this.#idle.splice(at, 1)[0]?.timer)
    connection.close()
  }

  /** Closes what is idle now, and the rest as it comes back. */
  close(): void {
    this.#isClosed = true
    for (const { connection } of [...this.#idle]) this.discard(connection)
  }

  /** Closes everything at once. */
  destroy(): void {
    this.#isClosed = true
    for (const connection of [...this.#all]) this.discard(connection)
  }

  async #open(signal: AbortSignal): Promise<Connection> {
    this.#opening++
    try {
      const connection = await this.#options.open(signal)
      this.#all.add(connection)
      connection.http.onClosed(() => {
        this.discard(connection)
      })
      return connection
    } finally {
      this.#opening--
    }
  }
}

interface Idle<Connection> {
  readonly connection: Connection
  readonly timer: NodeJS.Timeout
}

/** A connection that is out of the pool until its request is over. */
export class Lease<Connection extends Pooled> {
  readonly connection: Connection
  readonly #pool: ConnectionPool<Connection>
  #idleMs = Number.POSITIVE_INFINITY
  #isOver = false

  constructor(connection: Connection, pool: ConnectionPool<Connection>) {
    this.connection = connection
    this.#pool = pool
    connection.http.onIdle(() => {
      if (this.#isOver) return
      this.#isOver = true
      pool.giveBack(connection, this.#idleMs)
    })
  }

  /** What the other side said about how long it keeps an idle connection. */
  keepFor(ms: number): void {
    this.#idleMs = ms
  }

  /** Nothing was sent: the connection goes back as it came. */
  release(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#pool.giveBack(this.connection, this.#idleMs)
  }

  /** The exchange broke off: the connection is closed. */
  discard(): void {
    this.#isOver = true
    this.#pool.discard(this.connection)
  }
}
