import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSpiffeId } from '../spiffe/spiffe-id.ts'
import { parseTrustDomain } from '../spiffe/trust-domain.ts'
import { AuthorizedEntries } from './authorized-entries.ts'
import type { RegistrationEntry } from './entry.ts'

const now = new Date('2026-01-01T00:00:00Z')
const agent = { id: id('/spire/agent/join_token/a'), selectors: selectors('region:eu', 'os:linux') }

test('an agent gets what is right below it and nothing of others', () => {
  const index = indexOf(
    entry('own', '/w1', agent.id),
    entry('other', '/w2', '/spire/agent/join_token/b'),
  )
  assert.deepEqual(idsFor(index), ['own'])
})

test('descent goes to any depth [EDGE-17]', () => {
  const chain = Array.from({ length: 50 }, (_, depth) =>
    entry(`e${depth}`, `/level/${depth}`, depth === 0 ? agent.id : `/level/${depth - 1}`),
  )
  assert.equal(idsFor(indexOf(...chain)).length, 50)
})

test('a circle ends [EDGE-17]', () => {
  const index = indexOf(
    entry('start', '/a', agent.id),
    entry('to-b', '/b', '/a'),
    entry('to-a', '/a', '/b'),
  )
  assert.deepEqual(idsFor(index), ['start', 'to-a', 'to-b'])
})

test('an alias leads to its children when the agent has all of its selectors, and is not delivered [EDGE-6 EDGE-17]', () => {
  const index = indexOf(
    entry('alias', '/eu-nodes', '/spire/server', 'region:eu', 'os:linux'),
    entry('child', '/w', '/eu-nodes'),
    entry('too-much', '/us-nodes', '/spire/server', 'region:eu', 'os:plan9'),
    entry('not-mine', '/x', '/us-nodes'),
  )
  assert.deepEqual(idsFor(index), ['child'])
})

test('an alias may lead to further entries through its children', () => {
  const index = indexOf(
    entry('alias', '/nodes', '/spire/server', 'os:linux'),
    entry('child', '/w', '/nodes'),
    entry('grandchild', '/v', '/w'),
  )
  assert.deepEqual(idsFor(index), ['child', 'grandchild'])
})

test('an expired entry is left out with what only it leads to, and the next expiry is told', () => {
  const soon = new Date(now.getTime() + 1000)
  const index = indexOf(
    { ...entry('gone', '/a', agent.id), expiresAt: now },
    entry('below-gone', '/b', '/a'),
    { ...entry('soon', '/c', agent.id), expiresAt: soon },
  )
  const authorized = index.authorizedFor(agent, now)
  assert.deepEqual([...authorized.entries.keys()], ['soon'])
  assert.deepEqual(authorized.until, soon)
})

test('an alias for an agent is told from others', () => {
  const index = indexOf()
  assert.ok(index.isAlias(entry('alias', '/n', '/spire/server', 'os:linux'), agent))
  assert.ok(!index.isAlias(entry('alias', '/n', '/spire/server', 'os:plan9'), agent))
  assert.ok(!index.isAlias(entry('no-alias', '/n', '/elsewhere', 'os:linux'), agent))
})

test('changes are followed, and the parents are those whose children count', () => {
  const own = entry('own', '/w', agent.id)
  const index = indexOf(own)
  assert.deepEqual([...index.authorizedFor(agent, now).parents], [agent.id, own.spiffeId])
  index.apply({ before: own, after: { ...own, parentId: id('/elsewhere') } })
  assert.deepEqual(idsFor(index), [])
  index.apply({ before: { ...own, parentId: id('/elsewhere') }, after: own })
  assert.deepEqual(idsFor(index), ['own'])
})

test('one agent of a thousand is answered in a millisecond among 100000 entries', () => {
  const index = new AuthorizedEntries(parseTrustDomain('example.org'))
  for (let at = 0; at < 100_000; at++) {
    const after = entry(`e${at}`, `/w/${at}`, `/spire/agent/join_token/${at % 1000}`)
    index.apply({ before: undefined, after })
  }
  const holder = { id: id('/spire/agent/join_token/7'), selectors: [] }
  const rounds = 200
  const started = process.cpuUsage()
  for (let round = 0; round < rounds; round++)
    assert.equal(index.authorizedFor(holder, now).entries.size, 100)
  const { user, system } = process.cpuUsage(started)
  const each = (user + system) / 1000 / rounds
  assert.ok(each < 10, `${each} ms of processor time each, a millisecond was meant`)
})

function idsFor(index: AuthorizedEntries): string[] {
  return [...index.authorizedFor(agent, now).entries.keys()].sort()
}

function indexOf(...entries: readonly RegistrationEntry[]): AuthorizedEntries {
  const index = new AuthorizedEntries(parseTrustDomain('example.org'))
  for (const after of entries) index.apply({ before: undefined, after })
  return index
}

function entry(
  name: string,
  path: string,
  parent: string,
  ...texts: readonly string[]
): RegistrationEntry {
  return {
    id: name,
    spiffeId: id(path),
    parentId: parent.startsWith('spiffe:') ? parseSpiffeId(parent) : id(parent),
    selectors: selectors(...(texts.length === 0 ? ['unix:uid:1'] : texts)),
    x509SvidTtlSeconds: 0,
    jwtSvidTtlSeconds: 0,
    federatesWith: [],
    admin: false,
    downstream: false,
    dnsNames: [],
    storeSvid: false,
    hint: '',
    revisionNumber: 0,
    createdAt: now,
  }
}

function id(path: string) {
  return parseSpiffeId(`spiffe://example.org${path}`)
}

function selectors(...texts: readonly string[]) {
  return texts.map((text) => {
    const [type = '', ...value] = text.split(':')
    return { type, value: value.join(':') }
  })
}
