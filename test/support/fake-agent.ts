/**
 * An agent for tests of the proxy: `countersign.agent.proxy.v1` on a Unix socket, with a test CA and
 * no attestation. Who a connection's other end is, the test says.
 */

import { createHash } from 'node:crypto'
import { Server } from '@grpc/grpc-js'
import { parseAccessPolicies } from '../../policy/access-policy.ts'
import type { IdentifyRequest__Output } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyRequest.ts'
import type { IdentifyResponse } from '../../proto/gen/countersign/agent/proxy/v1/IdentifyResponse.ts'
import type { ProxyDefinition } from '../../proto/gen/countersign/agent/proxy/v1/Proxy.ts'
import type { WatchBundlesResponse } from '../../proto/gen/countersign/agent/proxy/v1/WatchBundlesResponse.ts'
import type { WatchPoliciesResponse } from '../../proto/gen/countersign/agent/proxy/v1/WatchPoliciesResponse.ts'
import type { Policy } from '../../proto/gen/countersign/types/Policy.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { Failure } from '../../runtime/failure.ts'
import {
  answerStream,
  type Gate,
  type Send,
  serverStream,
  unary,
} from '../../runtime/grpc/handlers.ts'
import { type Listening, serveUnix } from '../../runtime/grpc/unix-server.ts'
import type { TestCa } from './test-ca.ts'

export interface FakeAgentOptions {
  readonly path: string
  readonly ca: TestCa
  /** The SPIFFE ID behind a connection; undefined refuses. */
  readonly who: (request: IdentifyRequest__Output) => string | undefined
  /** Lifetime of each SVID; an hour unless told. */
  readonly svidMs?: number
}

const gate: Gate<undefined> = {
  admit: () => undefined,
  unexpected: (error) => {
    throw error
  },
}

export class FakeAgent {
  readonly #options: FakeAgentOptions
  #ca: TestCa
  #trusted: TestCa[]
  readonly #asked: { readonly id: string; send: () => Promise<void>; end: AbortController }[] = []
  readonly #watching = new Set<() => Promise<void>>()
  readonly #policies = new Map<string, string[]>()
  readonly #odd = new Map<string, Policy>()
  #revision = 0
  #listening: Listening | undefined

  constructor(options: FakeAgentOptions) {
    this.#options = options
    this.#ca = options.ca
    this.#trusted = [options.ca]
  }

  async start(): Promise<void> {
    const grpc = new Server()
    grpc.addService(serviceDefinition<ProxyDefinition>('countersign.agent.proxy.v1.Proxy'), {
      Identify: answerStream<IdentifyRequest__Output, IdentifyResponse, undefined>(
        gate,
        (request, { signal }, send) => this.#identify(request, send, signal),
      ),
      WatchPolicies: serverStream<{ apps: string[] }, WatchPoliciesResponse, undefined>(
        gate,
        ({ apps }, { signal }, send) => this.#watch(() => send(this.#policiesOf(apps)), signal),
      ),
      WatchBundles: serverStream<object, WatchBundlesResponse, undefined>(
        gate,
        (_request, { signal }, send) =>
          this.#watch(() => send({ bundles: this.#bundles() }), signal),
      ),
      ReportCheckpoint: unary(gate, () => ({})),
    })
    const { path } = this.#options
    this.#listening = await serveUnix({ path, mode: 0o600, grpc, accept: () => undefined })
  }

  /** As a crash: every stream breaks. */
  async stop(): Promise<void> {
    await this.#listening?.close()
    this.#listening = undefined
  }

  /** Puts these policies of their app in force, instead of all others. */
  async setPolicies(text: string): Promise<void> {
    const policies = parseAccessPolicies(text, 'test', this.#ca.trustDomain)
    for (const { app } of policies) this.#policies.set(app, [])
    for (const { app, source } of policies) this.#policies.get(app)?.push(source)
    this.#revision++
    await this.#tellWatchers()
  }

  /** Sends a policy that no server would have sent. */
  async setSource(app: string, source: string, digest = digestOf(source)): Promise<void> {
    this.#odd.set(app, { app, name: 'odd', kind: 'AccessPolicy', revision: '1', digest, source })
    await this.#tellWatchers()
    this.#odd.delete(app)
  }

  async removePolicies(): Promise<void> {
    this.#policies.clear()
    this.#revision++
    await this.#tellWatchers()
  }

  /** New SVIDs for every identity that was asked for. */
  async rotate(): Promise<void> {
    await Promise.all(this.#asked.map(({ send }) => send()))
  }

  /** Signs with this CA from now on; the bundles hold all of `trusted`. */
  async useCa(ca: TestCa, trusted: readonly TestCa[]): Promise<void> {
    this.#trusted = [...trusted]
    await this.#tellWatchers()
    this.#ca = ca
    await this.rotate()
  }

  /** The processes with this SPIFFE ID are gone. */
  end(id: string): void {
    for (const asked of this.#asked.filter((each) => each.id === id)) asked.end.abort()
  }

  /** How many connections are asked about now. */
  get identified(): number {
    return this.#asked.length
  }

  async #identify(
    request: IdentifyRequest__Output,
    send: Send<IdentifyResponse>,
    signal: AbortSignal,
  ): Promise<void> {
    const id = this.#options.who(request)
    if (id === undefined) throw new Failure('permission-denied', 'no identity issued')
    const end = new AbortController()
    const asked = { id, end, send: () => send(this.#answer(id)) }
    await asked.send()
    this.#asked.push(asked)
    await ended(AbortSignal.any([signal, end.signal]))
    this.#asked.splice(this.#asked.indexOf(asked), 1)
  }

  #answer(id: string): IdentifyResponse {
    const { svidMs = 3_600_000 } = this.#options
    const notAfter = new Date(Date.now() + svidMs)
    const { chain, key } = this.#ca.svid(id, { notBefore: new Date(Date.now() - 1000), notAfter })
    return {
      spiffeId: id,
      x509Svid: Buffer.concat(chain),
      x509SvidKey: key.export({ format: 'der', type: 'pkcs8' }),
      bundles: this.#bundles(),
      pids: [process.pid],
    }
  }

  #bundles(): Record<string, Buffer> {
    const authorities = this.#trusted.map(({ certificate }) => certificate)
    return { [this.#ca.trustDomain]: Buffer.concat(authorities) }
  }

  #policiesOf(apps: readonly string[]): WatchPoliciesResponse {
    return {
      apps: apps.map((app) => ({
        app,
        policies: this.#odd.has(app)
          ? [this.#odd.get(app) ?? {}]
          : (this.#policies.get(app) ?? []).map((source) => ({
              app,
              source,
              name: parseAccessPolicies(source, 'test', this.#ca.trustDomain)[0]?.name ?? '',
              kind: 'AccessPolicy',
              revision: String(this.#revision),
              digest: digestOf(source),
            })),
      })),
    }
  }

  async #watch(send: () => Promise<void>, signal: AbortSignal): Promise<void> {
    await send()
    this.#watching.add(send)
    await ended(signal)
    this.#watching.delete(send)
  }

  async #tellWatchers(): Promise<void> {
    await Promise.all([...this.#watching].map((send) => send()))
  }
}

function digestOf(source: string): string {
  return createHash('sha256').update(source).digest('hex')
}

async function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve()
    })
  })
}
