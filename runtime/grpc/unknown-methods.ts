/**
 * Calls that nothing here serves, answered in the words of grpc-go: clients and scripts that were
 * written against it look for "unknown service" and "unknown method".
 *
 * grpc-js has no public place for this, so the one function that finds handlers is wrapped. Should
 * it go by another name one day, callers get grpc-js's own words, with the same status.
 */

import { type Server, type ServerDuplexStream, status } from '@grpc/grpc-js'

interface UnknownHandler {
  readonly type: 'bidi'
  readonly path: string
  readonly func: (call: ServerDuplexStream<Buffer, Buffer>) => void
  readonly serialize: (message: Buffer) => Buffer
  readonly deserialize: (bytes: Buffer) => Buffer
}

/** `services` are the full names of those that have handlers. */
export function answerUnknownMethods(server: Server, services: ReadonlySet<string>): void {
  const find: unknown = Reflect.get(server, '_retrieveHandler')
  if (typeof find !== 'function') return
  Object.defineProperty(server, '_retrieveHandler', {
    value: (path: string): unknown =>
      Reflect.apply(find, server, [path]) ?? unknownHandler(path, services),
  })
}

function unknownHandler(path: string, services: ReadonlySet<string>): UnknownHandler {
  return {
    type: 'bidi',
    path,
    func: (call) => {
      call.emit('error', { code: status.UNIMPLEMENTED, details: problemOf(path, services) })
    },
    serialize: (message) => message,
    deserialize: (bytes) => bytes,
  }
}

function problemOf(path: string, services: ReadonlySet<string>): string {
  const [, service, method, ...more] = path.split('/')
  if (service === undefined || method === undefined || more.length > 0)
    return `malformed method name: ${JSON.stringify(path)}`
  return services.has(service)
    ? `unknown method ${method} for service ${service}`
    : `unknown service ${service}`
}
