/** `spire.api.server.bundle.v1.Bundle`: the own bundle, for everybody. */

import { bundleToWire } from '../../../proto/convert/bundle.ts'
import { Failure } from '../../../runtime/failure.ts'
import { unary } from '../../../runtime/grpc/handlers.ts'
import type { TrustDomain } from '../../../spiffe/trust-domain.ts'
import type { StoredBundle } from '../../datastore/collections/bundles.ts'
import type { Mirror } from '../../datastore/collections/mirror.ts'
import { type Service, service } from '../service.ts'

export interface BundleServiceDeps {
  readonly trustDomain: TrustDomain
  readonly bundles: Mirror<StoredBundle>
}

export function bundleService(deps: BundleServiceDeps): Service {
  return service('spire.api.server.bundle.v1.Bundle', (gateOf) => ({
    GetBundle: unary(gateOf('GetBundle'), ({ outputMask }) => {
      const bundle = deps.bundles.get(deps.trustDomain)
      if (bundle === undefined) throw new Failure('not-found', 'bundle not found')
      return bundleToWire(bundle, outputMask)
    }),
  }))
}
