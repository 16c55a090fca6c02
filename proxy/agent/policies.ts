/**
 * The policies of the apps that this proxy protects, compiled as the agent brings them. The last
 * good snapshot stays in force while the agent restarts; an app of which nothing is known, or whose
 * policies cannot be read, is denied to everyone.
 */

import { createHash } from 'node:crypto'
import { parseAccessPolicies } from '../../policy/access-policy.ts'
import { type CompiledPolicy, compilePolicies, type PolicyRevision } from '../../policy/compile.ts'
import type { WatchPoliciesResponse__Output } from '../../proto/gen/countersign/agent/proxy/v1/WatchPoliciesResponse.ts'
import type { Policy__Output } from '../../proto/gen/countersign/types/Policy.ts'
import { Failure } from '../../runtime/failure.ts'
import type { Logger } from '../../runtime/log.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'

const denyAll = compilePolicies([])

export class Policies {
  readonly #compiled: Map<SpiffeId, CompiledPolicy>
  readonly #trustDomain: TrustDomain
  readonly #log: Logger
  readonly #listeners = new Set<() => void>()

  constructor(apps: readonly SpiffeId[], trustDomain: TrustDomain, log: Logger) {
    this.#compiled = new Map(apps.map((app) => [app, denyAll]))
    this.#trustDomain = trustDomain
    this.#log = log
  }

  get apps(): readonly SpiffeId[] {
    return [...this.#compiled.keys()]
  }

  /** What is in force for an app now. */
  of(app: SpiffeId): CompiledPolicy {
    return this.#compiled.get(app) ?? denyAll
  }

  /** Runs `changed` after each change until the returned function is called. */
  onChange(changed: () => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  /** Takes a message of the agent; the first of a stream says everything, so what it leaves out is gone. */
  take({ apps }: WatchPoliciesResponse__Output, isFirst: boolean): void {
    const named = new Map<string, readonly Policy__Output[]>(
      apps.map(({ app, policies }) => [app, policies]),
    )
    for (const app of this.#compiled.keys()) {
      const policies = named.get(app) ?? (isFirst ? [] : undefined)
      if (policies !== undefined) this.#compiled.set(app, this.#compile(app, policies))
    }
    for (const changed of [...this.#listeners]) changed()
  }

  #compile(app: string, policies: readonly Policy__Output[]): CompiledPolicy {
    try {
      const compiled = compilePolicies(policies.map((policy) => this.#read(app, policy)))
      this.#log.info({ app, policies: policies.length }, 'Policies in force')
      return compiled
    } catch (err) {
      this.#log.error({ app, err }, 'Policies cannot be read, so every call is denied')
      return denyAll
    }
  }

  #read(app: string, { name, revision, digest, source }: Policy__Output): PolicyRevision {
    if (createHash('sha256').update(source).digest('hex') !== digest)
      throw new Failure('corrupt', `policy ${name} is not the text that its digest names`)
    const [policy, ...others] = parseAccessPolicies(source, `policy ${name}`, this.#trustDomain)
    if (policy === undefined || others.length > 0 || policy.app !== app || policy.name !== name)
      throw new Failure('corrupt', `policy ${name} is not what it is said to be`)
    return { policy, revision, digest }
  }
}
