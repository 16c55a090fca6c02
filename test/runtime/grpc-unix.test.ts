/** gRPC over a Unix socket, from both ends: answers, failures, streams, callers that are refused. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { Server } from '@grpc/grpc-js'
import type { HealthDefinition } from '../../proto/gen/grpc/health/v1/Health.ts'
import type { AgentDefinition } from '../../proto/gen/spire/api/server/agent/v1/Agent.ts'
import { serviceDefinition } from '../../proto/services.ts'
import { Failure } from '../../runtime/failure.ts'
import { GrpcClient, unixTarget } from '../../runtime/grpc/client.ts'
import { Connections } from '../../runtime/grpc/connections.ts'
import {
  bidiStream,
  type CallContext,
  type Gate,
  type Send,
  serverStream,
  unary,
} from '../../runtime/grpc/handlers.ts'
import { serveUnix } from '../../runtime/grpc/unix-server.ts'
import { answerUnknownMethods } from '../../runtime/grpc/unknown-methods.ts'

const health = serviceDefinition<HealthDefinition>('grpc.health.v1.Health')
const agents = serviceDefinition<AgentDefinition>('spire.api.server.agent.v1.Agent')
const folder = mkdtempSync(path.join(tmpdir(), 'grpc-'))
let sockets = 0

type Check = (service: string, context: CallContext<string>) => Promise<void>
type Watch = (context: CallContext<string>, send: Send<{ status: 'SERVING' }>) => Promise<void>

interface Options {
  readonly check?: Check
  readonly watch?: Watch
  readonly accept?: (socket: Socket, connections: Connections<string>) => void
}

interface Running {
  readonly file: string
  readonly client: GrpcClient<HealthDefinition>
  readonly agents: GrpcClient<AgentDefinition>
  readonly connections: Connections<string>
  /** Errors of ours that the caller learned nothing of. */
  readonly unexpected: unknown[]
}

async function start(t: TestContext, options: Options = {}): Promise<Running> {
  const connections = new Connections<string>()
  const unexpected: unknown[] = []
  const gate: Gate<string> = {
    admit: (call) => {
      const caller = connections.of(call)
      if (caller === undefined) throw new Failure('unauthenticated', 'nobody knows who calls')
      return caller
    },
    unexpected: (error) => unexpected.push(error),
  }
  const grpc = new Server()
  // Without List.
  grpc.addService(
    { Check: health.Check, Watch: health.Watch },
    {
      Check: unary(gate, async ({ service }: { service: string }, context) => {
        await options.check?.(service, context)
        return { status: 'SERVING' }
      }),
      Watch: serverStream(gate, (_request, context, send: Send<{ status: 'SERVING' }>) =>
        options.watch === undefined ? send({ status: 'SERVING' }) : options.watch(context, send),
      ),
    },
  )
  grpc.addService(
    { AttestAgent: agents.AttestAgent },
    {
      AttestAgent: bidiStream(gate, async (messages, _context, send: Send<object>) => {
        for await (const _message of messages)
          await send({ step: 'challenge', challenge: Buffer.of(1) })
      }),
    },
  )
  answerUnknownMethods(grpc, new Set(['grpc.health.v1.Health']))
  const file = path.join(folder, String(sockets++))
  const accept = options.accept ?? ((socket, known) => known.add(socket, 'somebody'))
  const listening = await serveUnix({
    path: file,
    mode: 0o620,
    grpc,
    accept: (socket) => {
      accept(socket, connections)
    },
  })
  const client = new GrpcClient(health, unixTarget(file))
  const agentClient = new GrpcClient(agents, unixTarget(file))
  t.after(async () => {
    client.close()
    agentClient.close()
    await listening.close()
  })
  return { file, client, agents: agentClient, connections, unexpected }
}

test.after(() => {
  rmSync(folder, { recursive: true })
})

const limited = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(30_000) })

test('a call knows its caller, and the socket has its mode', async (t) => {
  const callers: string[] = []
  const check: Check = async (_service, { caller, method }) => void callers.push(caller, method)
  const { client, file } = await start(t, { check })
  assert.deepEqual(await client.unary('Check', { service: '' }, limited()), { status: 'SERVING' })
  assert.deepEqual(callers, ['somebody', '/grpc.health.v1.Health/Check'])
  assert.equal(statSync(file).mode & 0o777, 0o620)
})

test('a Failure arrives with code, message and details', async (t) => {
  const details = [{ type: 'spire.api.types.PermissionDeniedDetails', value: Buffer.of(8, 3) }]
  const check: Check = async () => {
    throw new Failure('permission-denied', 'agent is banned', { details })
  }
  const { client, unexpected } = await start(t, { check })
  await assert.rejects(client.unary('Check', {}, limited()), (error: unknown) => {
    assert.ok(error instanceof Failure)
    assert.deepEqual([error.code, error.message], ['permission-denied', 'agent is banned'])
    assert.deepEqual(
      error.details.map(({ type, value }) => ({ type, value: Buffer.from(value) })),
      details,
    )
    return true
  })
  assert.deepEqual(unexpected, [])
})

test('of a bug the caller learns nothing, and we learn all', async (t) => {
  const bug = new Error('/secret/path')
  const { client, unexpected } = await start(t, { check: () => Promise.reject(bug) })
  await assert.rejects(client.unary('Check', {}, limited()), /^Failure: internal error$/)
  assert.deepEqual(unexpected, [bug])
})

test('a connection that cannot be identified is closed before a call is seen', async (t) => {
  let seen = 0
  const { client } = await start(t, {
    check: async () => void seen++,
    accept: () => {
      throw new Error('no credentials')
    },
  })
  await assert.rejects(client.unary('Check', {}, limited()), { code: 'unavailable' })
  assert.equal(seen, 0)
})

test('a call on a connection that nobody registered is refused, and a closed one is forgotten', async (t) => {
  const { client } = await start(t, { accept: () => undefined })
  await assert.rejects(client.unary('Check', {}, limited()), { code: 'unauthenticated' })
  const other = await start(t)
  await other.client.unary('Check', {}, limited())
  assert.equal(other.connections.size, 1)
  other.client.close()
  const isForgotten = (): boolean => other.connections.size === 0
  while (!isForgotten()) await new Promise((resolve) => setImmediate(resolve))
})

test('a stream sends in order, a slow reader included, and ends with its last message', async (t) => {
  const watch: Watch = async (_context, send) => {
    for (let count = 0; count < 2000; count++) await send({ status: 'SERVING' })
  }
  const { client } = await start(t, { watch })
  let count = 0
  for await (const _message of client.serverStream('Watch', {}, limited()))
    if (++count % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(count, 2000)
})

test('a stream that fails gives what it sent, then its failure', async (t) => {
  const watch: Watch = async (_context, send) => {
    await send({ status: 'SERVING' })
    throw new Failure('permission-denied', 'no identity issued')
  }
  const { client } = await start(t, { watch })
  const messages = client.serverStream('Watch', {}, limited())
  assert.equal((await messages.next()).done, false)
  await assert.rejects(messages.next(), {
    code: 'permission-denied',
    message: 'no identity issued',
  })
})

test('a reader that leaves ends the call at the server', async (t) => {
  let isOver: Promise<unknown> | undefined
  const watch: Watch = async ({ signal }, send) => {
    isOver = once(signal, 'abort')
    await send({ status: 'SERVING' })
    await isOver
  }
  const { client } = await start(t, { watch })
  for await (const _message of client.serverStream('Watch', {}, limited())) break
  await isOver
})

test('a caller that gives up ends its call at both ends', async (t) => {
  const stop = new AbortController()
  let isOver: Promise<unknown> | undefined
  const check: Check = async (_service, { signal }) => {
    isOver = once(signal, 'abort')
    stop.abort()
    await isOver
  }
  const { client } = await start(t, { check })
  await assert.rejects(client.unary('Check', {}, { signal: stop.signal }), { code: 'cancelled' })
  await isOver
  await assert.rejects(client.unary('Check', {}, { signal: stop.signal }), { name: 'AbortError' })
  const late = client.unary('Check', { service: 'x' }, { ...limited(), timeoutMs: 1 })
  await assert.rejects(late, { code: 'deadline-exceeded' })
})

test('both sides of a call may go on talking', async (t) => {
  const { agents: client } = await start(t)
  const call = client.bidi('AttestAgent', limited())
  const answers: (string | undefined)[] = []
  call.send({ step: 'challengeResponse', challengeResponse: Buffer.of(1) })
  for await (const { step } of call.messages) {
    if (answers.push(step) === 3) call.end()
    else call.send({ step: 'challengeResponse', challengeResponse: Buffer.of(1) })
  }
  assert.deepEqual(answers, ['challenge', 'challenge', 'challenge'])
})

test('what nobody serves is Unimplemented, in the words of grpc-go [EP-8]', async (t) => {
  const { client, agents: other } = await start(t)
  await assert.rejects(client.unary('List', {}, limited()), {
    code: 'unimplemented',
    message: 'unknown method List for service grpc.health.v1.Health',
  })
  await assert.rejects(other.unary('CountAgents', {}, limited()), {
    code: 'unimplemented',
    message: 'unknown service spire.api.server.agent.v1.Agent',
  })
})

test('a socket that a dead process left is replaced, one that is served is not', async (t) => {
  const { file } = await start(t)
  const serve = (at: string) =>
    serveUnix({ path: at, mode: 0o600, grpc: new Server(), accept: () => undefined })
  await assert.rejects(serve(file), { code: 'failed-precondition', message: /another process/ })

  const stale = path.join(folder, 'stale')
  await leaveSocket(stale)
  await (await serve(stale)).close()

  const plain = path.join(folder, 'plain')
  writeFileSync(plain, 'kept')
  await assert.rejects(serve(plain), { message: /exists and is not a socket/ })
  await assert.rejects(serve('relative'), { message: /must be absolute/ })
  await assert.rejects(serve(`/${'x'.repeat(107)}`), { message: /at most 107 bytes/ })
  await assert.rejects(serve(path.join(folder, 'none', 'x')), { code: 'unavailable' })
})

test('more connections than the limit are closed', async (t) => {
  const file = path.join(folder, 'crowded')
  const accepted: Socket[] = []
  const listening = await serveUnix({
    path: file,
    mode: 0o600,
    grpc: new Server(),
    maxConnections: 2,
    accept: (socket) => void accepted.push(socket),
  })
  t.after(() => listening.close())
  const clients = Array.from({ length: 3 }, () => connect(file).on('error', () => undefined))
  t.after(() => {
    for (const socket of clients) socket.destroy()
  })
  await Promise.race(clients.map((socket) => once(socket, 'close')))
  assert.equal(accepted.length, 2)
})

/** A socket file without anybody behind it, as kill -9 leaves one. */
async function leaveSocket(file: string): Promise<void> {
  const server = createServer()
  server.listen(`${file}.first`)
  await once(server, 'listening')
  linkSync(`${file}.first`, file)
  await new Promise((resolve) => server.close(resolve))
}
