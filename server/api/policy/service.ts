/** `countersign.server.policy.v1.Policy`: administration of policies. */

import { policyToWire } from '../../../proto/convert/policy.ts'
import { parseAppId } from '../../../registration/app-id.ts'
import { Failure } from '../../../runtime/failure.ts'
import { unary } from '../../../runtime/grpc/handlers.ts'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'
import type { Mirror } from '../../datastore/collections/mirror.ts'
import type { AppPolicies, StoredPolicy } from '../../datastore/collections/policies.ts'
import { readPart } from '../item-status.ts'
import { pageOf } from '../page.ts'
import { type Service, service } from '../service.ts'
import type { PolicySources } from '../watch/policy-sources.ts'
import { applyPolicies, deletePolicy, denyAll, type PolicyChangeDeps } from './change-policies.ts'

export interface PolicyServiceDeps extends PolicyChangeDeps {
  readonly policies: Mirror<AppPolicies>
  readonly sources: PolicySources
}

/** A policy and whose it is. */
interface Listed {
  readonly app: SpiffeId
  readonly policy: StoredPolicy
}

/** Each policy comes with a source of up to 256 KiB, and a message holds 4 MiB. */
const mostPerPage = 12

export function policyService(deps: PolicyServiceDeps): Service {
  const appOf = (text: string): SpiffeId =>
    readPart(`${JSON.stringify(text.slice(0, 200))} is no App ID`, () =>
      parseAppId(text, deps.trustDomain),
    )
  return service('countersign.server.policy.v1.Policy', (gateOf) => ({
    ApplyPolicies: unary(gateOf('ApplyPolicies'), async (request, { caller }) => ({
      results: await applyPolicies(deps, request, caller.actor),
    })),
    ListPolicies: unary(gateOf('ListPolicies'), async ({ app, pageSize, pageToken }) => {
      const listed = app === '' ? [...deps.policies.values()] : oneApp(deps, appOf(app))
      const sorted = listed.flatMap(flat).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
      const size = pageSize > 0 ? Math.min(pageSize, mostPerPage) : mostPerPage
      const page = pageOf(
        sorted,
        keyOf,
        () => true,
        { pageSize: size, pageToken },
        'failed to list policies',
      )
      const policies = await Promise.all(page.items.map((item) => withSource(deps, item)))
      return { policies, nextPageToken: page.nextPageToken }
    }),
    GetPolicySource: unary(gateOf('GetPolicySource'), async ({ digest }) => {
      const source = await deps.sources.source(digest)
      if (source === undefined) throw new Failure('not-found', 'no policy has this digest')
      return { source }
    }),
    DeletePolicy: unary(gateOf('DeletePolicy'), async ({ app, name }, { caller }) => {
      await deletePolicy(deps, { app: appOf(app), name }, caller.actor)
      return {}
    }),
    DenyAll: unary(gateOf('DenyAll'), ({ app }, { caller }) =>
      denyAll(deps, appOf(app), caller.actor),
    ),
  }))
}

function oneApp({ policies }: PolicyServiceDeps, app: SpiffeId): AppPolicies[] {
  const found = policies.get(app)
  return found === undefined ? [] : [found]
}

function flat({ app, policies }: AppPolicies): Listed[] {
  return policies.map((policy) => ({ app, policy }))
}

function keyOf({ app, policy }: Listed): string {
  return `${app} ${policy.name}`
}

async function withSource({ sources }: PolicyServiceDeps, { app, policy }: Listed) {
  const source = await sources.source(policy.digest)
  if (source === undefined) throw new Failure('corrupt', `the source of ${policy.name} is missing`)
  return policyToWire({ ...policy, app, source })
}
