/**
 * How often a client may cancel its calls before it loses its connection.
 *
 * Node closes an HTTP/2 session after 1,000 cancelled streams and 33 more a second, which guards a
 * server against strangers. A workload that asks for its SVID and hangs up does just that, a
 * thousand times a second if it likes, so on local sockets, where callers are known and counted by
 * user, the limit is higher. Node before 22 cannot be told: there the client connects anew.
 */

import type { Server } from '@grpc/grpc-js'

const localCallers = { streamResetBurst: 100_000, streamResetRate: 20_000 } as const

/** To be called before the server has any connection. grpc-js has no public place for this. */
export function allowManyCancelledCalls(server: Server): void {
  const options: unknown = Reflect.get(server, 'commonServerOptions')
  if (typeof options === 'object' && options !== null) Object.assign(options, localCallers)
}
