import assert from 'node:assert/strict'
import { test } from 'node:test'
import { x509BundleFromDer, x509BundleSet } from '../spiffe/bundle/x509-bundle.ts'
import { parseCertificate } from '../spiffe/x509/certificate.ts'
import { AuditChain } from '../test/support/audit-chain.ts'
import { TestCa } from '../test/support/test-ca.ts'
import { linkFaults } from './chain-links.ts'
import { constantTrust, publishedTrust, type TrustHistory } from './trust-history.ts'
import { type ChainReport, type KnownHead, verifyChain } from './verify.ts'

const ca = new TestCa('example.org')
const svid = ca.svid('/proxy')
const trust = trustIn(ca)
const minute = 60_000

test('a chain with SVID, decisions, outcomes and checkpoints is intact', async () => {
  const chain = new AuditChain().svid(svid).decision().outcome().decision({ verdict: 'deny' })
  chain.checkpoint().decision({ verdict: 'would-deny' }).append({ kind: 'resume', cutBytes: 12 })
  const report = await verify(chain.bytes)
  assert.equal(report.verdict, 'intact', report.fault?.message)
  assert.equal(report.chain, chain.chain)
  assert.equal(report.writer, 'spiffe://example.org/proxy')
  assert.deepEqual(report.decisions, { allow: 1, deny: 1, 'would-deny': 1 })
  assert.equal(report.unknownOutcomes, 1)
  assert.equal(report.signedThrough?.seq, 4)
  assert.equal(report.unsigned, 2)
  assert.equal(report.head, chain.head)
})

test('each of 1,000 random mutations is found, at the first record that is bad [REC-5]', async () => {
  const chain = signedChain()
  const other = signedChain()
  const random = generator(20_260_101)
  const known = { seq: chain.nextSeq - 1, head: chain.head }
  for (let round = 0; round < 1000; round++) {
    const { bytes, bad, what } = mutate(chain.lines, other.lines, random)
    const report = await verify(bytes, trust, known)
    const found = `${what}: ${report.fault?.message}`
    assert.equal(report.verdict, 'faulty', found)
    assert.equal(report.fault?.seq, bad, found)
    assert.equal(report.fault.line, bad + 1, found)
  }
})

test('another intact chain in the place of this one is found by the head that was kept', async () => {
  const chain = signedChain()
  const known = { seq: 5, head: chain.head }
  const report = await verify(signedChain().bytes, trust, known)
  assert.match(report.fault?.message ?? '', /^record 5 is not the one that stood there/)
})

test('records that someone without the key chained anew are found at the next checkpoint [REC-19]', async () => {
  const chain = new AuditChain().svid(svid).decision().outcome()
  const forged = new AuditChain().svid(svid).decision({ reason: 'mcp-access' }).outcome()
  forged.checkpoint(ca.svid('/proxy'))
  assert.equal((await verify(forged.bytes)).fault?.seq, 4)
  const { bytes } = chain.checkpoint()
  assert.equal((await verify(bytes)).verdict, 'intact')
})

test('a writer cannot make itself trusted: its SVID must chain to the bundle [REC-6]', async () => {
  const stranger = new TestCa('example.org').svid('/proxy')
  const { bytes } = new AuditChain().svid(stranger).decision().checkpoint()
  const { fault } = await verify(bytes)
  assert.match(fault?.message ?? '', /^record 3 is signed with an SVID that is not trusted/)
})

test('the SVID of another workload does not sign for the writer', async () => {
  const { bytes } = new AuditChain().svid(ca.svid('/ns/default/agent')).decision().checkpoint()
  const { fault } = await verify(bytes)
  assert.match(fault?.message ?? '', /^record 1 has an SVID that is refused/)
})

test('a checkpoint signed after its SVID expired is found', async () => {
  const short = ca.svid('/proxy', { notAfter: new Date(Date.now() + minute) })
  const chain = new AuditChain().svid(short).decision().checkpoint()
  chain.now = new Date(Date.now() + 2 * minute)
  chain.decision().checkpoint()
  assert.equal((await verify(chain.bytes)).fault?.seq, 5)
})

test('a record outlives a CA rotation, and an authority counts for its own time only [REC-7]', async () => {
  const start = Date.now() - 50 * minute
  const at = (minutes: number): Date => new Date(start + minutes * minute)
  const first = new TestCa('example.org', { notBefore: at(-5), notAfter: at(20) })
  const second = new TestCa('example.org', { notBefore: at(5), notAfter: at(90) })
  const chain = new AuditChain()
  chain.now = at(1)
  chain
    .svid(first.svid('/proxy', { notBefore: at(0), notAfter: at(15) }))
    .decision()
    .checkpoint()
  chain.now = at(12)
  chain
    .svid(second.svid('/proxy', { notBefore: at(11), notAfter: at(40) }))
    .decision()
    .checkpoint()
  const published = (authority: TestCa, from: number) => ({
    trustDomain: authority.trustDomain,
    certificate: parseCertificate(authority.certificate),
    publishedAt: at(from),
  })
  const history = publishedTrust([published(first, -5), published(second, 5)])
  assert.equal((await verify(chain.bytes, history)).verdict, 'intact')

  const removed = { ...published(first, -5), removedAt: at(-1) }
  const withoutFirst = publishedTrust([removed, published(second, 5)])
  assert.equal((await verify(chain.bytes, withoutFirst)).fault?.seq, 3)
  const tooLate = publishedTrust([published(first, -5), published(second, 30)])
  assert.equal((await verify(chain.bytes, tooLate)).fault?.seq, 6)
  assert.equal((await verify(chain.bytes, trustIn(second))).fault?.seq, 3)
})

test('an outcome needs a decision that let a call through, and only once [REC-2]', async () => {
  const faultOf = async (chain: AuditChain) => (await verify(chain.bytes)).fault?.seq
  assert.equal(await faultOf(new AuditChain().outcome(0)), 1)
  assert.equal(await faultOf(new AuditChain().decision({ verdict: 'deny' }).outcome()), 2)
  assert.equal(await faultOf(new AuditChain().decision().outcome(1).outcome(1)), 3)
  const resumed = new AuditChain().decision().append({ kind: 'resume', cutBytes: 0 }).outcome(1)
  assert.equal(await faultOf(resumed), 3)
})

test('a gap is accepted where a record names it, and nowhere else', async () => {
  const named = new AuditChain().append({ kind: 'gap', lost: 3 }, 4).decision()
  const report = await verify(named.bytes)
  assert.equal(report.verdict, 'intact', report.fault?.message)
  assert.equal(report.lost, 3)
  const wrong = new AuditChain().append({ kind: 'gap', lost: 2 }, 4)
  assert.match((await verify(wrong.bytes)).fault?.message ?? '', /^record 1 has the number 4/)
  const silent = new AuditChain().append({ kind: 'resume', cutBytes: 0 }, 4)
  assert.equal((await verify(silent.bytes)).fault?.seq, 1)
})

test('a last record that was cut by a crash is told, and is no fault', async () => {
  const { bytes } = signedChain()
  const report = await verify(bytes.subarray(0, -7))
  assert.equal(report.verdict, 'intact')
  assert.ok(report.unfinishedBytes > 0)
})

test('what is no record file is refused, at its first line', async () => {
  const cases = ['', '\n', 'hello\n', '{}\n', '\ufeff', `${'x'.repeat(300_000)}\n`, '\xff\xfe\n']
  for (const text of cases) {
    const report = await verify(Buffer.from(text, 'latin1'))
    assert.equal(report.fault?.line, 1, JSON.stringify(text.slice(0, 20)))
  }
})

test('a chain that lost its end is told by the chain that went on from it [REC-8]', async () => {
  const old = signedChain()
  const next = new AuditChain({ chain: old.chain, nextSeq: old.nextSeq, head: old.head })
  const whole = [await verify(old.bytes), await verify(next.bytes)]
  assert.deepEqual(linkFaults(whole), [])
  const cut = [await verify(Buffer.from(old.lines.slice(0, -3).join(''))), await verify(next.bytes)]
  assert.deepEqual(
    linkFaults(cut).map(({ chain, lost }) => ({ chain, lost })),
    [{ chain: old.chain, lost: 3 }],
  )
})

async function verify(
  bytes: Uint8Array,
  by: TrustHistory = trust,
  known?: KnownHead,
): Promise<ChainReport> {
  // In small pieces, so that lines lie across their borders.
  const pieces = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, at) =>
    bytes.subarray(at * 1000, (at + 1) * 1000),
  )
  const heads = known === undefined ? [] : [[chainOf(bytes), known] as const]
  return await verifyChain(pieces, by, new Map(heads))
}

/** The chain that the bytes claim to be; the head that was kept is looked up by it. */
function chainOf(bytes: Uint8Array): string {
  return /"chain":"([^"]+)"/.exec(Buffer.from(bytes).toString('latin1'))?.[1] ?? ''
}

function trustIn(...authorities: readonly TestCa[]): TrustHistory {
  const der = Buffer.concat(authorities.map(({ certificate }) => certificate))
  return constantTrust(x509BundleSet([x509BundleFromDer(ca.trustDomain, der)]))
}

function signedChain(): AuditChain {
  const chain = new AuditChain().svid(svid)
  for (let at = 0; at < 8; at++) chain.decision().outcome().checkpoint()
  return chain
}

interface Mutation {
  readonly what: string
  readonly bytes: Buffer
  /** Number of the first record that is not what it was. */
  readonly bad: number
}

function mutate(
  lines: readonly string[],
  other: readonly string[],
  random: (below: number) => number,
): Mutation {
  const at = random(lines.length)
  const from = (from: number): number => from + random(lines.length - from)
  const changed = [...lines]
  const mutations: readonly (() => Mutation)[] = [
    () => {
      const bytes = Buffer.from(lines.join(''), 'utf8')
      const before = Buffer.byteLength(lines.slice(0, at).join(''))
      const byte = before + random(Buffer.byteLength(lines[at] ?? ''))
      bytes[byte] = (bytes[byte] ?? 0) ^ (1 << random(8))
      return { what: `flip in ${at}`, bytes, bad: at }
    },
    () => made(`delete ${at}`, changed.toSpliced(at, 1), at),
    () => made(`insert at ${at}`, changed.toSpliced(at, 0, pick(other, random)), at),
    () => made(`duplicate ${at}`, changed.toSpliced(at, 0, lines[at] ?? ''), at + 1),
    () => {
      const [low, high] = at < lines.length - 1 ? [at, from(at + 1)] : [0, at]
      changed[low] = lines[high] ?? ''
      changed[high] = lines[low] ?? ''
      return made(`swap ${low} and ${high}`, changed, low)
    },
    () => {
      const bytes = Buffer.from(lines.slice(0, at + 1).join(''), 'utf8')
      const cut = 1 + random(Buffer.byteLength(lines[at] ?? ''))
      return { what: `truncate in ${at}`, bytes: bytes.subarray(0, -cut), bad: at }
    },
    () => made(`truncate before ${at + 1}`, changed.slice(at + 1), 0),
    () =>
      made(`splice from ${at}`, [...changed.slice(0, at), ...other.slice(at)], at || lastOf(lines)),
  ]
  return pick(mutations, random)()
}

// A whole other chain is only told apart by the head that was kept of the last record.
function lastOf(lines: readonly string[]): number {
  return lines.length - 1
}

function made(what: string, lines: readonly string[], bad: number): Mutation {
  return { what, bytes: Buffer.from(lines.join(''), 'utf8'), bad }
}

function pick<T>(from: readonly T[], random: (below: number) => number): T {
  const picked = from[random(from.length)]
  if (picked === undefined) throw new TypeError('nothing to pick from')
  return picked
}

/** The same numbers on every run. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
