/**
 * Who may call what: the only place that says so.
 *
 * A method is served exactly when it has a row here; a handler without one, or a row without a
 * handler, does not compile.
 */

import type { BundleHistoryHandlers } from '../../proto/gen/countersign/server/bundle/v1/BundleHistory.ts'
import type { PolicyHandlers } from '../../proto/gen/countersign/server/policy/v1/Policy.ts'
import type { WatchHandlers } from '../../proto/gen/countersign/server/watch/v1/Watch.ts'
import type { HealthHandlers } from '../../proto/gen/grpc/health/v1/Health.ts'
import type { AgentHandlers } from '../../proto/gen/spire/api/server/agent/v1/Agent.ts'
import type { BundleHandlers } from '../../proto/gen/spire/api/server/bundle/v1/Bundle.ts'
import type { EntryHandlers } from '../../proto/gen/spire/api/server/entry/v1/Entry.ts'
import type { SVIDHandlers } from '../../proto/gen/spire/api/server/svid/v1/SVID.ts'

/**
 * - `local`: whoever can open the private socket
 * - `admin`: over TLS, an SVID with an entry marked `admin`, or listed in `admin_ids`
 * - `agent`: over TLS, an attested agent that is not banned, with its current or pending serial
 * - `any`: everybody, with or without a certificate
 */
export type Role = 'local' | 'admin' | 'agent' | 'any'

interface Handlers {
  'countersign.server.bundle.v1.BundleHistory': BundleHistoryHandlers
  'countersign.server.policy.v1.Policy': PolicyHandlers
  'countersign.server.watch.v1.Watch': WatchHandlers
  'grpc.health.v1.Health': HealthHandlers
  'spire.api.server.agent.v1.Agent': AgentHandlers
  'spire.api.server.bundle.v1.Bundle': BundleHandlers
  'spire.api.server.entry.v1.Entry': EntryHandlers
  'spire.api.server.svid.v1.SVID': SVIDHandlers
}

/** The methods that a .proto file declares. */
type Declared<H> = keyof {
  [M in keyof H as string extends M ? never : number extends M ? never : M]: H[M]
}

const operators = ['local', 'admin'] as const

const authorization = {
  'countersign.server.bundle.v1.BundleHistory': {
    ListX509Authorities: operators,
  },
  'countersign.server.policy.v1.Policy': {
    ApplyPolicies: operators,
    DeletePolicy: operators,
    DenyAll: operators,
    GetPolicySource: operators,
    ListPolicies: operators,
  },
  'countersign.server.watch.v1.Watch': {
    Watch: ['agent'],
  },
  'grpc.health.v1.Health': {
    Check: ['local'],
    List: ['local'],
    Watch: ['local'],
  },
  'spire.api.server.agent.v1.Agent': {
    AttestAgent: ['any'],
    BanAgent: operators,
    CreateJoinToken: operators,
    DeleteAgent: operators,
    GetAgent: operators,
    ListAgents: operators,
    RenewAgent: ['agent'],
  },
  'spire.api.server.bundle.v1.Bundle': {
    GetBundle: ['any'],
  },
  'spire.api.server.entry.v1.Entry': {
    BatchCreateEntry: operators,
    BatchDeleteEntry: operators,
    BatchUpdateEntry: operators,
    CountEntries: operators,
    GetEntry: operators,
    ListEntries: operators,
  },
  'spire.api.server.svid.v1.SVID': {
    BatchNewX509SVID: ['agent'],
  },
} as const satisfies {
  readonly [S in keyof Handlers]: { readonly [M in Declared<Handlers[S]>]?: readonly Role[] }
}

type Table = typeof authorization

/** Full name of a served service. */
export type ServiceName = keyof Table

/** A served method of the service. */
export type MethodName<S extends ServiceName> = keyof Table[S] & string

/** The roles in a method's row. */
export type RolesOf<
  S extends ServiceName,
  M extends MethodName<S>,
> = Table[S][M] extends readonly (infer R)[] ? Extract<R, Role> : never

const rows: {
  readonly [S in ServiceName]: { readonly [M in MethodName<S>]: readonly RolesOf<S, M>[] }
} = authorization

/** The row of a method: any one of these roles will do. */
export function rolesOf<S extends ServiceName, M extends MethodName<S>>(
  service: S,
  method: M,
): readonly RolesOf<S, M>[] {
  return rows[service][method]
}

/** A handler for each row of the service, and none for its other methods. */
export type Implementation<S extends ServiceName> = {
  readonly [M in MethodName<S>]: M extends keyof Handlers[S] ? Handlers[S][M] : never
} & { readonly [M in Exclude<Declared<Handlers[S]>, MethodName<S>>]?: never }
