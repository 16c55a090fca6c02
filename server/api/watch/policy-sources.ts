/** Policies with their sources, which are read from the store once and kept while there is room. */

import { LRUCache } from 'lru-cache'
import { appPoliciesToWire, type PolicyFields } from '../../../proto/convert/policy.ts'
import type { AppPolicies as WireAppPolicies } from '../../../proto/gen/countersign/server/watch/v1/AppPolicies.ts'
import { Failure } from '../../../runtime/failure.ts'
import { type AppPolicies, policySource } from '../../datastore/collections/policies.ts'
import type { Datastore } from '../../datastore/datastore.ts'

const cacheBytes = 32 << 20

export class PolicySources {
  readonly #store: Datastore
  readonly #byDigest = new LRUCache<string, string>({
    maxSize: cacheBytes,
    sizeCalculation: (source) => Buffer.byteLength(source) + 64,
  })

  constructor(store: Datastore) {
    this.#store = store
  }

  /** The source with this SHA-256; undefined when none was ever applied. */
  async source(digest: string): Promise<string | undefined> {
    const known = this.#byDigest.get(digest)
    if (known !== undefined) return known
    const found = await this.#store.read(async (snapshot) =>
      policySource({ get: async (key) => (await snapshot.get(key))?.value }, digest),
    )
    if (found !== undefined) this.#byDigest.set(digest, found)
    return found
  }

  /** Throws a Failure `corrupt` when a source that is in force is not there. */
  async withSources({ app, policies }: AppPolicies): Promise<readonly PolicyFields[]> {
    return await Promise.all(
      policies.map(async (policy) => {
        const source = await this.source(policy.digest)
        if (source === undefined)
          throw new Failure('corrupt', `the source of policy ${policy.name} of ${app} is missing`)
        return { ...policy, app, source }
      }),
    )
  }

  async toWire(policies: AppPolicies): Promise<WireAppPolicies> {
    return appPoliciesToWire(policies.app, await this.withSources(policies))
  }
}
