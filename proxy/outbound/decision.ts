/** What the record says of a refusal on the outbound side. audit/record.ts has the shape. */

import type { Identified } from '../agent/identified.ts'
import { type Denied, isDenied } from '../denied.ts'
import type { Decision } from '../record/bound-decision.ts'
import type { Target } from './target.ts'

export function decisionToDeny(
  denied: Denied,
  identified: Identified | Denied,
  { method, url }: { readonly method?: string | undefined; readonly url?: string | undefined },
  { app, route }: Pick<Target, 'app' | 'route'>,
): Decision {
  const path = url?.split('?', 1)[0]
  return {
    direction: 'outbound',
    ...(isDenied(identified) ? {} : caller(identified)),
    callee: { spiffeId: app },
    route,
    protocol: 'http',
    ...(method === undefined || path === undefined ? {} : { http: { method, path } }),
    verdict: 'deny',
    reason: denied.denied,
    ...(denied.detail === '' ? {} : { detail: denied.detail }),
  }
}

function caller({ id, identity, pids }: Identified): Pick<Decision, 'caller' | 'localPeer'> {
  const { leaf, issuerKeyId } = identity.svid
  return {
    caller: { spiffeId: id, svid: { serial: leaf.serial, issuerKeyId } },
    localPeer: { via: 'tcp', pids },
  }
}
