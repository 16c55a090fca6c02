import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { Metadata } from '@grpc/grpc-js'
import type { WatchRequest__Output } from '../../../proto/gen/countersign/server/watch/v1/WatchRequest.ts'
import type { WatchResponse } from '../../../proto/gen/countersign/server/watch/v1/WatchResponse.ts'
import { AuthorizedEntries } from '../../../registration/authorized-entries.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { Deadlines } from '../../../runtime/deadlines.ts'
import type { Send } from '../../../runtime/grpc/handlers.ts'
import { parseSpiffeId } from '../../../spiffe/spiffe-id.ts'
import { parseTrustDomain } from '../../../spiffe/trust-domain.ts'
import { refusedWith } from '../../../test/support/refusals.ts'
import type { AttestedNode } from '../../datastore/collections/agents.ts'
import type { Datastore } from '../../datastore/datastore.ts'
import { openLevelDatastore } from '../../datastore/level.ts'
import type { Standing } from '../caller.ts'
import { HeldStates } from './held-states.ts'
import { LiveStreams } from './live-streams.ts'
import { PolicySources } from './policy-sources.ts'
import { type StreamTiming, usualTiming, WatchStream } from './stream.ts'

let folder: string
let store: Datastore
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'countersign-stream-'))
  store = await openLevelDatastore({ path: path.join(folder, 'store') }, systemClock)
})
after(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const hour = 3_600_000
const trustDomain = parseTrustDomain('example.org')
const node: AttestedNode = {
  id: parseSpiffeId('spiffe://example.org/spire/agent/join_token/a'),
  attestationType: 'join_token',
  serial: '01',
  notAfter: new Date(Date.now() + hour),
  selectors: [],
  banned: false,
  canReattest: false,
  agentVersion: '',
  attestedAt: new Date(),
}

test('an agent that reads too slowly is cut off', async () => {
  const never: Send<WatchResponse> = () => new Promise(() => undefined)
  await assert.rejects(
    serve({ sendMs: 20 }, never),
    refusedWith('resource-exhausted', /^the agent reads too slowly$/),
  )
})

test('an agent that says nothing is not waited for', async () => {
  const never: Send<WatchResponse> = () => new Promise(() => undefined)
  await assert.rejects(
    serve({ openingMs: 20 }, never, 'good', silence()),
    refusedWith('resource-exhausted', /^no first message came$/),
  )
})

test('an old stream ends quietly', async () => {
  await serve({ ageMs: 50 }, () => Promise.resolve())
})

test('a stream whose SVID is trusted no longer ends quietly, before anything is sent', async () => {
  const sent: WatchResponse[] = []
  const send: Send<WatchResponse> = async (message) => {
    sent.push(message)
  }
  await serve({}, send, 'untrusted')
  assert.deepEqual(sent, [])
})

async function serve(
  timing: Partial<StreamTiming>,
  send: Send<WatchResponse>,
  standing: Standing = 'good',
  messages: AsyncIterable<WatchRequest__Output> = opening(),
): Promise<void> {
  const deadlines = new Deadlines(systemClock)
  const actor = { subject: node.id, door: 'tcp', action: 'Watch' } as const
  const stream = new WatchStream(
    {
      trustDomain,
      agents: new Map([[node.id, node]]),
      bundles: new Map(),
      policies: new Map(),
      authorized: new AuthorizedEntries(trustDomain),
      sources: new PolicySources(store),
      streams: new LiveStreams(),
      held: new HeldStates(),
      clock: systemClock,
      deadlines,
      revision: () => 1,
      random: () => 0.5,
      timing: { ...usualTiming, ...timing },
    },
    {
      caller: {
        role: 'agent',
        actor,
        node,
        address: '127.0.0.1',
        svidSerial: '01',
        svidNotAfter: node.notAfter,
        standing: () => standing,
      },
      method: '/countersign.server.watch.v1.Watch/Watch',
      metadata: new Metadata(),
      signal: new AbortController().signal,
    },
    send,
  )
  // Deadlines do not keep a process alive; the listener does that in a server.
  const alive = setTimeout(() => undefined, 60_000)
  try {
    await stream.serve(messages)
  } finally {
    clearTimeout(alive)
    deadlines.close()
  }
}

async function* opening(): AsyncGenerator<WatchRequest__Output, void> {
  yield { revision: '0', bundleSequenceNumber: '0' }
  await new Promise(() => undefined)
}

function silence(): AsyncIterable<WatchRequest__Output> {
  const next = () => new Promise<never>(() => undefined)
  return { [Symbol.asyncIterator]: () => ({ next }) }
}
