/** The order of the inbound stages is in their types: this file compiles only if no stage can be skipped. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CompiledPolicy } from '../../policy/compile.ts'
import type { DecisionLog } from '../decision-log.ts'
import type { VerifiedPeer } from '../tls/verified-peer.ts'
import type { Caller } from './authenticate.ts'
import type { BodyStream } from './body-stream.ts'
import { decide, type Permit } from './decide.ts'
import { type Dialled, dial } from './dial.ts'
import { forward } from './forward.ts'
import { type ReadHttp, readHttp } from './read-http.ts'
import { type ReadMcp, readMcp } from './read-mcp.ts'
import { record } from './record.ts'
import { type Routed, route } from './route.ts'
import type { HttpService, McpService } from './service.ts'

interface Held {
  readonly peer: VerifiedPeer
  readonly caller: Caller
  readonly mcp: Routed<McpService>
  readonly http: Routed<HttpService>
  readonly body: BodyStream
  readonly readOfMcp: ReadMcp
  readonly readOfHttp: ReadHttp
  readonly policy: CompiledPolicy
  readonly permit: Permit<ReadMcp>
  readonly dialled: Dialled<ReadMcp>
  readonly journal: DecisionLog
  readonly signal: AbortSignal
  readonly service: McpService
}

/** Never called: each marked line has to be refused by the compiler. */
export function skippedStages(held: Held): void {
  const { peer, caller, mcp, http, body, policy, permit, dialled, journal, signal, service } = held
  const head = { httpVersion: '1.1', rawHeaders: [] }
  const tally = { requestBytes: 0 }
  // @ts-expect-error a peer is no caller until it was authenticated for this request
  route(peer, head, service)
  // @ts-expect-error a caller's request is read only once it was routed
  void readMcp(caller, body)
  // @ts-expect-error on an HTTP route there is no MCP call
  void readMcp(http, body)
  // @ts-expect-error on an MCP route there is no HTTP call
  readHttp(mcp, body)
  // @ts-expect-error what was not read is not decided on
  decide(mcp, policy)
  // @ts-expect-error a call with the same members is not one that was read
  decide({ ...held.readOfMcp }, policy)
  // @ts-expect-error what was read is not permitted yet
  void dial(held.readOfHttp, signal)
  // @ts-expect-error a permit has no upstream yet
  void record(permit, journal)
  // @ts-expect-error what was not recorded is not sent
  void forward(dialled, tally, signal)
}

test('a skipped stage does not compile [ACC-17]', () => {
  assert.equal(typeof skippedStages, 'function')
})
