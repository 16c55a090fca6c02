/**
 * gRPC handlers as async functions.
 *
 * Each call passes its gate first, which says who calls or throws; then the function runs with that
 * caller and a signal that is aborted when the call ends. What it throws becomes the call's status.
 */

import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js'
import { Failure } from '../failure.ts'
import { toStatus } from './status.ts'

/** What a gate may look at. */
export interface GatedCall {
  readonly metadata: Metadata
  getPeer(): string
  getPath(): string
}

/** Says who calls, or throws a Failure. */
export interface Gate<Caller> {
  admit(call: GatedCall): Caller | Promise<Caller>
  /** Told of errors that are not Failures: bugs of ours, of which the caller learns nothing. */
  unexpected(error: unknown, method: string): void
}

export interface CallContext<Caller> {
  readonly caller: Caller
  /** `/package.Service/Method` */
  readonly method: string
  readonly metadata: Metadata
  /** Aborted when the call is cancelled or over. */
  readonly signal: AbortSignal
}

/** Sends one message; resolves when more may be sent. */
export type Send<Response> = (message: Response) => Promise<void>

export function unary<Request, Response, Caller>(
  gate: Gate<Caller>,
  run: (request: Request, context: CallContext<Caller>) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const ended = new AbortController()
    call.on('cancelled', () => {
      ended.abort()
    })
    void admitted(gate, call, ended.signal)
      .then((context) => run(call.request, context))
      .then(
        (response) => {
          callback(null, response)
        },
        (error: unknown) => {
          callback(failed(gate, call, error))
        },
      )
      .finally(() => {
        ended.abort()
      })
  }
}

export function serverStream<Request, Response, Caller>(
  gate: Gate<Caller>,
  run: (request: Request, context: CallContext<Caller>, send: Send<Response>) => Promise<void>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    void streaming(gate, call, (context, send: Send<Response>) => run(call.request, context, send))
  }
}

export function bidiStream<Request, Response, Caller>(
  gate: Gate<Caller>,
  run: (
    messages: AsyncIterable<Request>,
    context: CallContext<Caller>,
    send: Send<Response>,
  ) => Promise<void>,
): handleBidiStreamingCall<Request, Response> {
  return (call: ServerDuplexStream<Request, Response>) => {
    // A plain iteration would destroy the call where the messages end, before it has its status.
    const messages = { [Symbol.asyncIterator]: () => call.iterator({ destroyOnReturn: false }) }
    void streaming(gate, call, (context, send: Send<Response>) => run(messages, context, send))
  }
}

/**
 * Answers to one request until the caller ends its side, which aborts the signal too. To hang up in
 * this way is free; HTTP/2 counts cancelled calls, and closes a connection that has many.
 */
export function answerStream<Request, Response, Caller>(
  gate: Gate<Caller>,
  run: (request: Request, context: CallContext<Caller>, send: Send<Response>) => Promise<void>,
): handleBidiStreamingCall<Request, Response> {
  return bidiStream<Request, Response, Caller>(gate, async (messages, context, send) => {
    const asked = messages[Symbol.asyncIterator]()
    const first = await asked.next()
    if (first.done === true) throw new Failure('invalid-argument', 'expected one message')
    const over = new AbortController()
    const hungUp = (): void => {
      over.abort(new Failure('cancelled', 'the caller hung up'))
    }
    asked.next().then(hungUp, hungUp)
    const signal = AbortSignal.any([context.signal, over.signal])
    await run(first.value, { ...context, signal }, send)
  })
}

type Streaming<Request, Response> =
  | ServerWritableStream<Request, Response>
  | ServerDuplexStream<Request, Response>

async function streaming<Request, Response, Caller>(
  gate: Gate<Caller>,
  call: Streaming<Request, Response>,
  run: (context: CallContext<Caller>, send: Send<Response>) => Promise<void>,
): Promise<void> {
  const ended = new AbortController()
  call.on('cancelled', () => {
    ended.abort()
  })
  // A stream that the peer tears down reports an error here; the signal has said so already.
  call.on('error', () => {
    ended.abort()
  })
  try {
    await run(await admitted(gate, call, ended.signal), (message) =>
      send(call, message, ended.signal),
    )
    if (!call.cancelled) call.end()
  } catch (error) {
    if (!call.cancelled) call.emit('error', failed(gate, call, error))
    return
  } finally {
    ended.abort()
  }
}

async function send<Request, Response>(
  call: Streaming<Request, Response>,
  message: Response,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) throw new Failure('cancelled', 'the call is over')
  if (call.write(message)) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      call.off('drain', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    call.on('drain', done)
    signal.addEventListener('abort', done)
  })
}

async function admitted<Caller>(
  gate: Gate<Caller>,
  call: ServerUnaryCall<unknown, unknown> | Streaming<unknown, unknown>,
  signal: AbortSignal,
): Promise<CallContext<Caller>> {
  const method = call.getPath()
  const caller = await gate.admit(call)
  return { caller, method, metadata: call.metadata, signal }
}

function failed<Caller>(
  gate: Gate<Caller>,
  call: GatedCall,
  error: unknown,
): ReturnType<typeof toStatus> {
  if (!(error instanceof Failure)) gate.unexpected(error, call.getPath())
  return toStatus(error)
}
