/**
 * `countersign.server.bundle.v1.BundleHistory`: every X.509 authority that the own bundle ever held.
 * Records that were signed long ago are verified by it (DESIGN.md section 6).
 */

import { publishedToWire } from '../../../proto/convert/bundle-history.ts'
import { Failure } from '../../../runtime/failure.ts'
import { unary } from '../../../runtime/grpc/handlers.ts'
import type { TrustDomain } from '../../../spiffe/trust-domain.ts'
import { bundleHistory } from '../../datastore/collections/bundles.ts'
import type { Datastore } from '../../datastore/datastore.ts'
import { type Service, service } from '../service.ts'

export interface BundleHistoryServiceDeps {
  readonly store: Datastore
  readonly trustDomain: TrustDomain
}

/** A certificate has a kilobyte or so, and a message holds 4 MiB. */
const mostPerPage = 500

export function bundleHistoryService({ store, trustDomain }: BundleHistoryServiceDeps): Service {
  return service('countersign.server.bundle.v1.BundleHistory', (gateOf) => ({
    ListX509Authorities: unary(
      gateOf('ListX509Authorities'),
      async ({ pageSize, pageToken: last }) => {
        if (!/^[0-9a-f]{0,128}$/.test(last))
          throw new Failure('invalid-argument', 'page_token is not one that a page came with')
        const limit = pageSize > 0 ? Math.min(pageSize, mostPerPage) : mostPerPage
        const after = last === '' ? undefined : ['x509', last]
        const { values, next } = await store.read((snapshot) =>
          bundleHistory.list(snapshot, { under: ['x509'], after, limit }),
        )
        return {
          trustDomain,
          authorities: values.map(publishedToWire),
          nextPageToken: next?.at(-1) ?? '',
        }
      },
    ),
  }))
}
