import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SpiffeWorkloadAPIDefinition } from '../../proto/gen/SpiffeWorkloadAPI.ts'
import type { X509BundlesResponse__Output } from '../../proto/gen/X509BundlesResponse.ts'
import type { X509SVIDResponse__Output } from '../../proto/gen/X509SVIDResponse.ts'
import { serviceDefinition } from '../../proto/services.ts'
import type { RegistrationEntry } from '../../registration/entry.ts'
import { systemClock } from '../../runtime/clock.ts'
import { Deadlines } from '../../runtime/deadlines.ts'
import { silentLogger } from '../../runtime/log.ts'
import { parseTrustDomain } from '../../spiffe/trust-domain.ts'
import { nodeBundle, nodeEntry, nodeUpdate } from '../../test/support/node-entries.ts'
import { TestCa } from '../../test/support/test-ca.ts'
import { NodeState } from '../sync/node-state.ts'
import type { SignX509Svids, X509Svid } from '../sync/sign-x509-svids.ts'
import { X509Svids } from '../sync/x509-svids.ts'
import type { IdentitySet, IdentityState } from './identity-set.ts'
import { IdentitySets } from './identity-sets.ts'

const trustDomain = parseTrustDomain('example.org')
const definition = serviceDefinition<SpiffeWorkloadAPIDefinition>('SpiffeWorkloadAPI')
const uid1000 = new Set(['unix:uid:1000', 'unix:gid:1000'])

interface Node {
  readonly state: NodeState
  readonly sets: IdentitySets
  /** Ids in the order in which they were asked to be signed for. */
  readonly signed: string[]
  /** Lets the next batches be signed. */
  release(): void
}

/** A node whose server signs what it is asked to, at once unless held. */
function startNode(t: TestContext, { held = false, lifeMs = 3_600_000 } = {}): Node {
  const state = new NodeState()
  const deadlines = new Deadlines(systemClock)
  const signed: string[] = []
  let release: () => void = () => undefined
  let gate = held
    ? new Promise<void>((resolve) => {
        release = resolve
      })
    : Promise.resolve()
  const sign: SignX509Svids = async (entries) => {
    await gate
    return entries.map((entry) => {
      signed.push(entry.id)
      return { svid: fakeSvid(entry, signed.length, lifeMs) }
    })
  }
  const svids = new X509Svids({
    state,
    sign,
    clock: systemClock,
    deadlines,
    log: silentLogger,
    random: () => 0.5,
  })
  const sets = new IdentitySets({ state, svids, trustDomain, clock: systemClock, deadlines })
  const stop = new AbortController()
  const running = svids.run(stop.signal)
  t.after(async () => {
    release()
    stop.abort()
    await running
    sets.close()
    deadlines.close()
  })
  return {
    state,
    sets,
    signed,
    release: () => {
      release()
      gate = Promise.resolve()
    },
  }
}

function fakeSvid(entry: RegistrationEntry, serial: number, lifeMs: number): X509Svid {
  return {
    chain: Buffer.from(`chain ${serial} of ${entry.id}`),
    key: Buffer.from(`key ${serial}`),
    notAfter: new Date(Date.now() + lifeMs),
    serial: String(serial),
  }
}

async function until(
  set: IdentitySet,
  fits: (state: IdentityState) => boolean,
): Promise<IdentityState> {
  const late = new AbortController()
  // Deadlines alone keep no process alive.
  const timer = setTimeout(() => {
    late.abort()
  }, 20_000)
  try {
    for await (const state of set.follow(late.signal)) if (fits(state)) return state
  } finally {
    clearTimeout(timer)
  }
  throw new Error('the state did not come in time')
}

function svidsOf(state: IdentityState): X509SVIDResponse__Output {
  return definition.FetchX509SVID.responseDeserialize(state.answers.svids)
}

function bundlesOf(state: IdentityState): X509BundlesResponse__Output {
  return definition.FetchX509Bundles.responseDeserialize(state.answers.bundles)
}

const idsOf = (state: IdentityState): string[] =>
  svidsOf(state).svids.map(({ spiffeId }) => spiffeId)

test('a process gets the identities all of whose selectors it has, in the order of their ids [EDGE-6 EDGE-7 WL-10]', async (t) => {
  const { state, sets } = startNode(t)
  const selectors = [{ type: 'unix', value: 'uid:1000' }]
  state.apply(
    nodeUpdate({
      entries: [
        nodeEntry('c', { selectors }),
        nodeEntry('a', { selectors: [...selectors, { type: 'unix', value: 'gid:1000' }] }),
        nodeEntry('b', { selectors: [...selectors, { type: 'unix', value: 'gid:7' }] }),
        nodeEntry('d', { selectors: [{ type: 'unix', value: 'uid:7' }] }),
        nodeEntry('e', { selectors, storeSvid: true }),
      ],
      bundles: [nodeBundle(new TestCa('example.org'))],
    }),
  )
  const ready = await until(sets.of(uid1000), ({ kind }) => kind === 'ready')
  assert.deepEqual(idsOf(ready), ['spiffe://example.org/a', 'spiffe://example.org/c'])
})

test('processes with the same selectors share one set and one encoded answer', async (t) => {
  const { state, sets } = startNode(t)
  state.apply(nodeUpdate({ entries: [nodeEntry('a')] }))
  const set = sets.of(uid1000)
  assert.equal(sets.of(new Set([...uid1000].reverse())), set)
  const ready = await until(set, ({ kind }) => kind === 'ready')
  assert.equal(ready.answers.svids, ready.answers.svids)
})

test('the first answer waits until every matching entry is signed for', async (t) => {
  const { state, sets, release } = startNode(t, { held: true })
  state.apply(nodeUpdate({ entries: [nodeEntry('a'), nodeEntry('b')] }))
  const set = sets.of(uid1000)
  assert.equal(set.state.kind, 'pending')
  release()
  const ready = await until(set, ({ kind }) => kind === 'ready')
  assert.equal(ready.identities.length, 2)
})

test('an identity that goes is taken out at once, and the last one ends it [EDGE-4]', async (t) => {
  const { state, sets } = startNode(t)
  state.apply(nodeUpdate({ entries: [nodeEntry('a'), nodeEntry('b')] }))
  const set = sets.of(uid1000)
  await until(set, ({ kind }) => kind === 'ready')
  state.apply(nodeUpdate({ deleted: ['a'] }))
  assert.deepEqual(idsOf(set.state), ['spiffe://example.org/b'])
  state.apply(nodeUpdate({ deleted: ['b'] }))
  assert.equal(set.state.kind, 'none')
})

test('an identity that goes while another one is being signed for is not served meanwhile', async (t) => {
  const node = startNode(t, { held: true })
  node.state.apply(nodeUpdate({ entries: [nodeEntry('a'), nodeEntry('b')] }))
  node.release()
  const set = node.sets.of(uid1000)
  await until(set, ({ kind }) => kind === 'ready')
  node.state.apply(nodeUpdate({ entries: [nodeEntry('c')], deleted: ['a'] }))
  assert.deepEqual(idsOf(set.state), ['spiffe://example.org/b'])
  const both = await until(set, ({ identities }) => identities.length === 2)
  assert.deepEqual(idsOf(both), ['spiffe://example.org/b', 'spiffe://example.org/c'])
})

test('a changed entry is signed for anew, and served as it was until then', async (t) => {
  const { state, sets, signed } = startNode(t)
  state.apply(nodeUpdate({ entries: [nodeEntry('a')] }))
  const set = sets.of(uid1000)
  const first = await until(set, ({ kind }) => kind === 'ready')
  state.apply(nodeUpdate({ entries: [nodeEntry('a', { hint: 'new', revisionNumber: 1 })] }))
  assert.equal(set.state, first)
  const second = await until(set, (next) => next !== first)
  assert.equal(svidsOf(second).svids[0]?.hint, 'new')
  assert.deepEqual(signed, ['a', 'a'])
})

test('an entry whose SPIFFE ID changes is never served with the old SVID', async (t) => {
  const { state, sets } = startNode(t)
  state.apply(nodeUpdate({ entries: [nodeEntry('a')] }))
  const set = sets.of(uid1000)
  await until(set, ({ kind }) => kind === 'ready')
  const renamed = nodeEntry('a', { spiffeId: nodeEntry('z').spiffeId, revisionNumber: 1 })
  state.apply(nodeUpdate({ entries: [renamed] }))
  assert.equal(set.state.kind, 'pending')
  const ready = await until(set, ({ kind }) => kind === 'ready')
  assert.deepEqual(idsOf(ready), ['spiffe://example.org/z'])
})

test('of entries with the same hint the oldest keeps it, then the one with the least id [EDGE-8 WL-9]', async (t) => {
  const { state, sets } = startNode(t)
  const later = new Date('2026-02-01T00:00:00Z')
  state.apply(
    nodeUpdate({
      entries: [
        nodeEntry('b', { hint: 'same' }),
        nodeEntry('a', { hint: 'same' }),
        nodeEntry('c', { hint: 'other' }),
        nodeEntry('0', { hint: 'other', createdAt: later }),
        nodeEntry('d'),
        nodeEntry('e'),
      ],
    }),
  )
  const ready = await until(sets.of(uid1000), ({ kind }) => kind === 'ready')
  const expected = ['a', 'c', 'd', 'e'].map((id) => `spiffe://example.org/${id}`)
  assert.deepEqual(idsOf(ready), expected)
})

test('bundles are the own one and those that the matching entries federate with [EDGE-9 EDGE-10 WL-11]', async (t) => {
  const { state, sets } = startNode(t)
  const [own, a, b] = ['example.org', 'a.test', 'b.test'].map((name) => new TestCa(name))
  assert.ok(own && a && b)
  state.apply(
    nodeUpdate({
      entries: [nodeEntry('w', { federatesWith: [a.trustDomain] })],
      bundles: [nodeBundle(own), nodeBundle(a), nodeBundle(b)],
    }),
  )
  const ready = await until(sets.of(uid1000), ({ kind }) => kind === 'ready')
  assert.deepEqual(Object.keys(svidsOf(ready).federatedBundles), ['spiffe://a.test'])
  const bundles = bundlesOf(ready).bundles
  assert.deepEqual(Object.keys(bundles), ['spiffe://a.test', 'spiffe://example.org'])
  assert.deepEqual(bundles['spiffe://example.org'], Buffer.from(own.certificate))
})

test('an expired entry is not served', async (t) => {
  const { state, sets } = startNode(t)
  state.apply(nodeUpdate({ entries: [nodeEntry('a', { expiresAt: new Date(Date.now() - 1000) })] }))
  assert.equal(sets.of(uid1000).state.kind, 'none')
  state.apply(nodeUpdate({ entries: [nodeEntry('b', { expiresAt: new Date(Date.now() + 1500) })] }))
  const set = sets.of(uid1000)
  await until(set, ({ kind }) => kind === 'ready')
  await until(set, ({ kind }) => kind === 'none')
})

test('an SVID is replaced at half its life', async (t) => {
  const { state, sets, signed } = startNode(t, { lifeMs: 3000 })
  state.apply(nodeUpdate({ entries: [nodeEntry('a')] }))
  const set = sets.of(uid1000)
  await until(set, () => signed.length >= 3)
  assert.equal(set.state.kind, 'ready')
})
