/**
 * The server's own X509-SVID, with which it meets agents: signed anew at half its life, and at once
 * when another authority signs from now on. Its key is in memory only.
 */

import { generateKeyPairSync } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'
import { serverId } from '../../registration/id-namespaces.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Deadline, Deadlines } from '../../runtime/deadlines.ts'
import type { Logger } from '../../runtime/log.ts'
import { writePem } from '../../spiffe/pem.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import type { SvidIssuer } from '../ca/svid-issuer.ts'

export interface ServerSvidDeps {
  readonly trustDomain: TrustDomain
  readonly issuer: SvidIssuer
  readonly ttlSeconds: number
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly log: Logger
}

/** After a failure the next attempt comes this soon. */
const retryMs = 5_000

export class ServerSvid {
  readonly #deps: ServerSvidDeps
  #identity: SecureContextOptions
  #next: Deadline | undefined
  #isClosed = false
  #listener: ((identity: SecureContextOptions) => void) | undefined

  private constructor(deps: ServerSvidDeps, signed: Signed) {
    this.#deps = deps
    this.#identity = signed.identity
    this.#schedule(signed.renewAt)
  }

  /** Signs the first one. Throws a CaError. */
  static async open(deps: ServerSvidDeps): Promise<ServerSvid> {
    return new ServerSvid(deps, await sign(deps))
  }

  get identity(): SecureContextOptions {
    return this.#identity
  }

  /** Called with every later identity. */
  onRenewal(listener: (identity: SecureContextOptions) => void): void {
    this.#listener = listener
  }

  /** Signs a new one now; when that fails, again a little later. */
  async renew(): Promise<void> {
    if (this.#isClosed) return
    this.#next?.cancel()
    try {
      const { identity, renewAt } = await sign(this.#deps)
      if (this.isClosed()) return
      this.#identity = identity
      this.#listener?.(identity)
      this.#schedule(renewAt)
    } catch (error) {
      this.#deps.log.error({ err: error }, 'Server SVID could not be renewed')
      this.#schedule(new Date(this.#deps.clock.now().getTime() + retryMs))
      return
    }
    this.#deps.log.info('Server SVID renewed')
  }

  isClosed(): boolean {
    return this.#isClosed
  }

  close(): void {
    this.#isClosed = true
    this.#next?.cancel()
  }

  #schedule(at: Date): void {
    if (this.#isClosed) return
    this.#next = this.#deps.deadlines.at(at, () => {
      void this.renew()
    })
  }
}

interface Signed {
  readonly identity: SecureContextOptions
  readonly renewAt: Date
}

async function sign(deps: ServerSvidDeps): Promise<Signed> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const svid = await deps.issuer.signX509Svid({
    id: serverId(deps.trustDomain),
    publicKeySpki: publicKey.export({ format: 'der', type: 'spki' }),
    ttlSeconds: deps.ttlSeconds,
  })
  const now = deps.clock.now().getTime()
  return {
    identity: {
      key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
      cert: svid.chain.map((der) => writePem('CERTIFICATE', der)).join(''),
    },
    renewAt: new Date(now + (svid.notAfter.getTime() - now) / 2),
  }
}
