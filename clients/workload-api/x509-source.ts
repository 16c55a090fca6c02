/** A process's X509-SVID and bundles, kept up to date by its Workload API for as long as it is open. */

import { Failure } from '../../runtime/failure.ts'
import type { X509Bundle, X509BundleSource } from '../../spiffe/bundle/x509-bundle.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import { type WorkloadApiOptions, watchX509Context } from './watch-x509.ts'
import type { X509Context, X509Svid } from './x509-context.ts'

export class X509Source implements X509BundleSource {
  readonly #closing: AbortController
  readonly #listeners = new Set<() => void>()
  readonly #running: Promise<void>
  #context: X509Context
  #end: unknown

  private constructor(
    first: X509Context,
    states: AsyncGenerator<X509Context>,
    closing: AbortController,
  ) {
    this.#context = first
    this.#closing = closing
    this.#running = this.#run(states)
  }

  /**
   * Waits for the first state, as long as it takes or until the signal is aborted.
   *
   * @throws {Failure} when the Workload API can never answer, or the signal's reason.
   */
  static async open(options: WorkloadApiOptions, signal: AbortSignal): Promise<X509Source> {
    const closing = new AbortController()
    const stop = (): void => {
      closing.abort()
    }
    signal.throwIfAborted()
    signal.addEventListener('abort', stop, { once: true })
    try {
      const states = watchX509Context(options, closing.signal)
      const first = await states.next()
      if (first.done !== true) return new X509Source(first.value, states, closing)
      signal.throwIfAborted()
      throw new Failure('unavailable', 'the Workload API gave no state')
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  /** All that is known; what came last stays while the Workload API is away. */
  get context(): X509Context {
    return this.#context
  }

  /** The default identity. */
  get svid(): X509Svid {
    return this.#context.defaultSvid
  }

  /** Why no more states come, once that is so: the Workload API refused for good. */
  get end(): unknown {
    return this.#end
  }

  x509Bundle(trustDomain: TrustDomain): X509Bundle | undefined {
    return this.#context.bundles.x509Bundle(trustDomain)
  }

  /** Runs `changed` after each new state until the returned function is called. */
  onChange(changed: () => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  /** Ends the stream; what was known last can still be read. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run(states: AsyncGenerator<X509Context>): Promise<void> {
    try {
      for await (const context of states) {
        this.#context = context
        for (const changed of [...this.#listeners]) changed()
      }
    } catch (error) {
      this.#end = error
      return
    }
  }
}
