/** `spire.api.server.svid.v1.SVID`: signing for agents. */

import { unary } from '../../../runtime/grpc/handlers.ts'
import { type Service, service } from '../service.ts'
import { batchNewX509Svid, type SvidDeps } from './batch-new-x509-svid.ts'

export function svidService(deps: SvidDeps): Service {
  return service('spire.api.server.svid.v1.SVID', (gateOf) => ({
    BatchNewX509SVID: unary(gateOf('BatchNewX509SVID'), async (request, context) => ({
      results: await batchNewX509Svid(deps, request, context),
    })),
  }))
}
