/** gRPC services behind a Unix socket; gRPC is loaded only once somebody answers there. */

import type { ServiceDefinition } from '@grpc/grpc-js'
import { Failure } from '../../runtime/failure.ts'
import type { GrpcClient } from '../../runtime/grpc/client.ts'
import { type Program, requireSocket } from './socket.ts'

/** A client of the service with this full name; closed by whoever gave this function out. */
export type OpenService = <D extends ServiceDefinition>(name: string) => GrpcClient<D>

/** Runs `use` with the services of a program; nothing stays open. @throws {Failure} */
export async function withServices<T>(
  program: Program,
  socketPath: string,
  use: (open: OpenService) => Promise<T>,
): Promise<T> {
  await requireSocket(program, socketPath)
  const [{ GrpcClient, unixTarget }, { serviceDefinition }] = await Promise.all([
    import('../../runtime/grpc/client.ts'),
    import('../../proto/services.ts'),
  ])
  const opened: { close(): void }[] = []
  try {
    return await use(<D extends ServiceDefinition>(name: string) => {
      const client = new GrpcClient(serviceDefinition<D>(name), unixTarget(socketPath))
      opened.push(client)
      return client
    })
  } catch (error) {
    throw asked(error, program, socketPath)
  } finally {
    for (const client of opened) client.close()
  }
}

/** Says so where it seems that another program was asked; SPIRE's words stay as they are. */
function asked(error: unknown, program: Program, socketPath: string): unknown {
  if (!(error instanceof Failure) || error.hint !== undefined) return error
  const isForeign = error.code === 'unimplemented' && error.message.startsWith('unknown service ')
  const why = /^No connection established\. Last error: ([^(.]*[^(. ])/.exec(error.message)?.[1]
  if (!isForeign && why === undefined) return error
  const message = why === undefined ? error.message : `no gRPC connection: ${why}`
  const hint = `what answers at ${socketPath} is not the ${program}; name its socket with --socket-path`
  return new Failure(error.code, message, { cause: error.cause, hint })
}
