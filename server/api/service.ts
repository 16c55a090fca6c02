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

/** One service, to be built with the gates of a listener. */
export interface Service<S extends ServiceName> {
  readonly name: S
  readonly implement: (gateOf: GateOf<S>) => Implementation<S>
}

/** Makes the gate of any row for one listener. */
export type Gates = <S extends ServiceName, M extends MethodName<S>>(
  service: S,
  method: M,
) => Gate<CallerOf<RolesOf<S, M>>>

/** Serves the methods that have a row; the others stay unknown. */
export function addService<S extends ServiceName>(
  server: Server,
  service: Service<S>,
  gates: Gates,
): void {
  const handlers: Readonly<Record<string, UntypedHandleCall>> = service.implement((method) =>
    gates(service.name, method),
  )
  const declared = Object.entries(serviceDefinition(service.name))
  const served: ServiceDefinition = Object.fromEntries(
    declared.filter(([method]) => Object.hasOwn(handlers, method)),
  )
  server.addService(served, { ...handlers })
}
