/** Services on a gRPC server, each method behind the gate of its row in the authorization table. */

import type { Server, ServiceDefinition, UntypedHandleCall } from '@grpc/grpc-js'
import { serviceDefinition } from '../../proto/services.ts'
import type { Gate } from '../../runtime/grpc/handlers.ts'
import type { Implementation, MethodName, RolesOf, ServiceName } from './authorization.ts'
import type { CallerOf } from './caller.ts'

/** The gate of one method: it lets in only callers with a role of the method's row. */
export type GateOf<S extends ServiceName> = <M extends MethodName<S>>(
  method: M,
) => Gate<CallerOf<RolesOf<S, M>>>

/** Makes the gate of any row for one listener. */
export type Gates = <S extends ServiceName, M extends MethodName<S>>(
  service: S,
  method: M,
) => Gate<CallerOf<RolesOf<S, M>>>

/** A service that any listener can take. */
export interface Service {
  readonly name: ServiceName
  /** Serves the methods that have a row; the others stay unknown. */
  readonly addTo: (server: Server, gates: Gates) => void
}

/** A service by its handlers, which are built with the gates of each listener. */
export function service<S extends ServiceName>(
  name: S,
  implement: (gateOf: GateOf<S>) => Implementation<S>,
): Service {
  return {
    name,
    addTo: (server, gates) => {
      const handlers: Readonly<Record<string, UntypedHandleCall>> = implement((method) =>
        gates(name, method),
      )
      const declared = Object.entries(serviceDefinition(name))
      const served: ServiceDefinition = Object.fromEntries(
        declared.filter(([method]) => Object.hasOwn(handlers, method)),
      )
      server.addService(served, { ...handlers })
    },
  }
}
