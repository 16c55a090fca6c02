/** `spire.api.server.svid.v1.SVID`: signing for agents. */

import { unary } from '../../../runtime/grpc/handlers.ts'
import type { Service } from '../service.ts'
import { batchNewX509Svid, type SvidDeps } from './batch-new-x509-svid.ts'

export function svidService(deps: SvidDeps): Service<'spire.api.server.svid.v1.SVID'> {
  return {
    name: 'spire.api.server.svid.v1.SVID',
    implement: (gateOf) => ({
      BatchNewX509SVID: unary(gateOf('BatchNewX509SVID'), async (request, context) => ({
        results: await batchNewX509Svid(deps, request, context),
      })),
    }),
  }
}
