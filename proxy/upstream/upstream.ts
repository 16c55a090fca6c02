/**
 * The app behind one inbound listener: its pooled attested connections, and its X509-SVID.
 *
 * One further connection is kept open without ever carrying a request. Through it the App ID's SVID
 * is there before the first call and renewed while there is none; when the app goes away, so does
 * the renewal, and the listener serves nothing until an attested process listens again.
 */

import { Backoff } from '../../runtime/backoff.ts'
import type { Logger } from '../../runtime/log.ts'
import { loop } from '../../runtime/loop.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { IdentifyDeps } from '../agent/identified.ts'
import type { LocalIdentity } from '../agent/local-identity.ts'
import { ConnectionPool, type Lease } from '../http/connection-pool.ts'
import type { Limits } from '../limits.ts'
import { hostPortText } from '../listen-address.ts'
import { AttestedConnection, type UpstreamAddress } from './attested-connection.ts'

export interface UpstreamDeps extends IdentifyDeps {
  readonly log: Logger
}

export type UpstreamLease = Lease<AttestedConnection>

export class Upstream {
  readonly app: SpiffeId
  readonly #address: UpstreamAddress
  readonly #limits: Limits
  readonly #deps: UpstreamDeps
  readonly #pool: ConnectionPool<AttestedConnection>
  readonly #ending = new AbortController()
  readonly #warmth: Promise<void>
  #waiting: (() => void)[] = []
  #identity: LocalIdentity | undefined

  constructor(app: SpiffeId, address: UpstreamAddress, limits: Limits, deps: UpstreamDeps) {
    this.app = app
    this.#address = address
    this.#limits = limits
    this.#deps = deps
    this.#pool = new ConnectionPool({
      open: (signal) => this.#open(signal),
      idleMs: limits.upstreamIdleTimeoutMs,
      maxConnections: limits.maxConnections,
    })
    this.#warmth = this.#keepWarm()
  }

  /** What the app sees as Host: its own address, nothing of the caller's. */
  get host(): string {
    if ('unix' in this.#address) return 'localhost'
    return hostPortText(this.#address.tcp)
  }

  /** The App ID's identity as it was last brought; undefined until the app was attested once. */
  get identity(): LocalIdentity | undefined {
    return this.#identity
  }

  /** Resolves when there is an identity, or the signal is aborted. */
  async identified(signal: AbortSignal): Promise<LocalIdentity | undefined> {
    if (this.#identity === undefined && !signal.aborted)
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done)
          this.#waiting = this.#waiting.filter((waiting) => waiting !== done)
          resolve()
        }
        signal.addEventListener('abort', done, { once: true })
        this.#waiting.push(done)
      })
    return this.#identity
  }

  /** An attested connection for one request. Throws as `AttestedConnection.open`, or PoolFullError. */
  async lease(signal: AbortSignal): Promise<UpstreamLease> {
    return await this.#pool.lease(signal)
  }

  /** Cuts what is still open; to be called after the exchanges have ended. */
  async close(): Promise<void> {
    this.#ending.abort()
    this.#pool.destroy()
    await this.#warmth
    if (this.#identity !== undefined) this.#deps.identities.release(this.#identity)
  }

  async #open(signal: AbortSignal): Promise<AttestedConnection> {
    const { app } = this
    const opened = await AttestedConnection.open(
      this.#address,
      app,
      this.#limits,
      this.#deps,
      signal,
    )
    if (this.#identity === undefined) {
      this.#identity = opened.identified.identity
      this.#deps.identities.retain(this.#identity)
      for (const done of this.#waiting) done()
    }
    return opened
  }

  async #keepWarm(): Promise<void> {
    const { app } = this
    const { log } = this.#deps
    const backoff = new Backoff({ firstMs: 50, mostMs: 1000 })
    let isKnown: boolean | undefined
    await loop(async (signal) => {
      try {
        const warm = await this.#open(signal)
        if (isKnown !== true) log.info({ app, pids: warm.identified.pids }, 'The app is attested')
        isKnown = true
        backoff.reset()
        await closed(warm, signal)
        return backoff.nextMs()
      } catch (err) {
        if (isKnown !== false && !signal.aborted)
          log.warn({ app, err }, 'The app is not attested, so calls to it are refused')
        isKnown = false
        return backoff.nextMs()
      }
    }, this.#ending.signal)
  }
}

/** Resolves when the connection has closed; closes it when the signal is aborted. */
async function closed(connection: AttestedConnection, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const close = (): void => {
      connection.close()
    }
    signal.addEventListener('abort', close, { once: true })
    connection.http.onClosed(() => {
      signal.removeEventListener('abort', close)
      resolve()
    })
    if (signal.aborted) close()
  })
}
