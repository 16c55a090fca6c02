/** gRPC clients by service definition: promises, async iterables, signals, Failures. */

import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import { Failure } from '../failure.ts'
import { isServiceError } from './peer-status.ts'
import { fromStatus } from './status.ts'

type Input<D, M extends keyof D> =
  D[M] extends MethodDefinition<infer In, infer _Out, infer _In, infer _OutFull> ? In : never
type Output<D, M extends keyof D> =
  D[M] extends MethodDefinition<infer _In, infer _Out, infer _InFull, infer Out> ? Out : never
type MethodName<D> = Extract<keyof D, string>

export interface UnaryOptions {
  readonly signal: AbortSignal
  /** 30 s unless told. */
  readonly timeoutMs?: number
  readonly metadata?: Readonly<Record<string, string>>
}

export interface StreamOptions {
  readonly signal: AbortSignal
  readonly metadata?: Readonly<Record<string, string>>
}

export interface BidiCall<In, Out> {
  readonly messages: AsyncIterable<Out>
  /** False when the peer is slow; the message is buffered all the same. */
  send(message: In): boolean
  end(): void
}

const defaultTimeoutMs = 30_000

/** The address of a Unix socket for {@link GrpcClient}. */
export function unixTarget(path: string): string {
  return `unix:${path}`
}

export class GrpcClient<D extends ServiceDefinition> {
  readonly #client: Client
  readonly #definition: D

  constructor(
    definition: D,
    target: string,
    channelCredentials: ChannelCredentials = credentials.createInsecure(),
    options: ChannelOptions = {},
  ) {
    this.#definition = definition
    this.#client = new Client(target, channelCredentials, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      ...options,
    })
  }

  /** @throws {Failure} the peer's status, or `unavailable`. */
  async unary<M extends MethodName<D>>(
    method: M,
    request: Input<D, M>,
    { signal, timeoutMs = defaultTimeoutMs, metadata }: UnaryOptions,
  ): Promise<Output<D, M>> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method)
    return await new Promise<Output<D, M>>((resolve, reject) => {
      signal.throwIfAborted()
      const options: CallOptions = { deadline: Date.now() + timeoutMs }
      const call = this.#client.makeUnaryRequest<Input<D, M>, Output<D, M>>(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadataOf(metadata),
        options,
        (error, response) => {
          signal.removeEventListener('abort', cancel)
          if (error) reject(fromStatus(error))
          else if (response === undefined) reject(new Failure('protocol-error', 'empty answer'))
          else resolve(response)
        },
      )
      const cancel = (): void => {
        call.cancel()
      }
      signal.addEventListener('abort', cancel, { once: true })
    })
  }

  /** Messages as they come; leaving the loop cancels. @throws {Failure} the peer's status. */
  async *serverStream<M extends MethodName<D>>(
    method: M,
    request: Input<D, M>,
    { signal, metadata }: StreamOptions,
  ): AsyncGenerator<Output<D, M>, void, undefined> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method)
    signal.throwIfAborted()
    const call = this.#client.makeServerStreamRequest<Input<D, M>, Output<D, M>>(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadataOf(metadata),
    )
    yield* received<Output<D, M>>(call, signal)
  }

  bidi<M extends MethodName<D>>(
    method: M,
    { signal, metadata }: StreamOptions,
  ): BidiCall<Input<D, M>, Output<D, M>> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method)
    signal.throwIfAborted()
    const call = this.#client.makeBidiStreamRequest<Input<D, M>, Output<D, M>>(
      path,
      requestSerialize,
      responseDeserialize,
      metadataOf(metadata),
    )
    return {
      messages: received<Output<D, M>>(call, signal),
      send: (message) => call.write(message),
      end: () => {
        call.end()
      },
    }
  }

  close(): void {
    this.#client.close()
  }

  #method<M extends MethodName<D>>(name: M): Method<Input<D, M>, Output<D, M>> {
    const found: Method<Input<D, M>, Output<D, M>> | undefined = this.#definition[name]
    if (found === undefined) throw new TypeError(`no method ${name}`)
    return found
  }
}

interface Method<In, Out> {
  readonly path: string
  readonly requestSerialize: (value: In) => Buffer
  readonly responseDeserialize: (bytes: Buffer) => Out
}

interface Received<Out> extends AsyncIterable<Out> {
  cancel(): void
}

async function* received<Out>(
  call: Received<Out>,
  signal: AbortSignal,
): AsyncGenerator<Out, void, undefined> {
  const cancel = (): void => {
    call.cancel()
  }
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for await (const message of call) yield message
  } catch (error) {
    throw isServiceError(error) ? fromStatus(error) : error
  } finally {
    signal.removeEventListener('abort', cancel)
    call.cancel()
  }
}

function metadataOf(entries: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value)
  return metadata
}
