import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { openLine } from '../../audit/chain.ts'
import { linkFaults } from '../../audit/chain-links.ts'
import { checkpointSigner } from '../../audit/checkpoint.ts'
import type { AuditRecord, DecisionRecord } from '../../audit/record.ts'
import { constantTrust } from '../../audit/trust-history.ts'
import { type ChainReport, verifyChain } from '../../audit/verify.ts'
import { systemClock } from '../../runtime/clock.ts'
import { x509BundleFromDer, x509BundleSet } from '../../spiffe/bundle/x509-bundle.ts'
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts'
import { testDecision, testWriter } from '../../test/support/audit-chain.ts'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { TestCa, type TestSvid } from '../../test/support/test-ca.ts'
import type { SignedCheckpoint } from './checkpointer.ts'
import { type Journal, type JournalDeps, type JournalOptions, openJournal } from './journal.ts'
import type { WriterSvid } from './writer-svid.ts'

const ca = new TestCa('example.org')
const svid = writerSvid(ca.svid('/proxy'))
const outcome = { ended: 'complete', requestBytes: 1, answerBytes: 2, durationMs: 3 } as const
const home = await mkdtemp(path.join(tmpdir(), 'journal-'))
after(() => rm(home, { recursive: true }))

test('decisions and outcomes are written, chained and signed', async () => {
  const { journal, directory } = await open()
  const allowed = journal.appendDecision(testDecision)
  const denied = journal.appendDecision({ ...testDecision, verdict: 'deny', reason: 'no-policy' })
  assert.match(allowed.decisionId, new RegExp(`^${journal.chain}-\\d+$`))
  await allowed.written
  assert.ok(contentOf(directory).includes(denied.decisionId), 'written with the same batch')
  journal.appendOutcome(allowed.decisionId, outcome)
  await journal.close()
  const report = await onlyReport(directory)
  assert.equal(report.verdict, 'intact', report.fault?.message)
  assert.deepEqual(report.decisions, { allow: 1, deny: 1, 'would-deny': 0 })
  assert.equal(report.unknownOutcomes, 0)
  assert.equal(report.unsigned, 0)
})

test('nothing is written before the turn of the event loop is over, then all of it at once', async () => {
  const { journal, directory } = await open()
  const before = contentOf(directory)
  const decisions = Array.from({ length: 100 }, () => journal.appendDecision(testDecision))
  assert.equal(contentOf(directory), before)
  await decisions[0]?.written
  assert.ok(contentOf(directory).includes(decisions[99]?.decisionId ?? 'none'))
  await journal.close()
})

test('with durability synced a decision counts once it is on the disk', async () => {
  const { journal, directory } = await open({ durability: 'synced' })
  const decisions = Array.from({ length: 200 }, () => journal.appendDecision(testDecision))
  await Promise.all(decisions.map(({ written }) => written))
  await journal.close()
  assert.equal((await onlyReport(directory)).decisions.allow, 200)
})

test('a decision commits to the bytes that were decided on, under a salt of its own', async () => {
  const { journal, directory } = await open()
  const bytes = Buffer.from('{"jsonrpc":"2.0"}')
  journal.appendDecision(testDecision, { head: bytes, body: bytes })
  const { decisionId } = journal.appendDecision(testDecision, { body: bytes })
  const answer = journal.commitToStream('answer').add(bytes).finish()
  journal.appendOutcome(decisionId, { ...outcome, commitments: { answer } })
  await journal.close()
  const [first, second] = recordsIn(directory).filter(isDecision)
  const { head, body } = first?.commitments ?? {}
  assert.equal(new Set([head, body, second?.commitments?.body, answer, undefined]).size, 5)
  assert.equal((await onlyReport(directory)).verdict, 'intact')
})

test('the record is readable by its owner alone [REC-11]', async () => {
  const { journal, directory } = await open()
  await journal.close()
  assert.equal(statSync(directory).mode & 0o777, 0o700)
  for (const file of readdirSync(directory))
    assert.equal(statSync(path.join(directory, file)).mode & 0o777, 0o600, file)
})

test('a second writer is refused until the first has closed [REC-11]', async () => {
  const { journal, directory } = await open()
  await assert.rejects(open({ directory }), /another process writes its record/)
  await journal.close()
  await (await open({ directory })).journal.close()
})

test('a restarted writer goes on with its chain, and calls open before stay unknown [REC-2]', async () => {
  const first = await open()
  const { decisionId } = first.journal.appendDecision(testDecision)
  await first.journal.close()
  const second = await open({ directory: first.directory })
  assert.equal(second.journal.chain, first.journal.chain)
  assert.throws(() => second.journal.appendOutcome(decisionId, outcome), TypeError)
  await second.journal.close()
  const report = await onlyReport(first.directory)
  assert.equal(report.verdict, 'intact', report.fault?.message)
  assert.equal(report.unknownOutcomes, 1)
})

test('an unfinished last record is cut off, and the chain says so', async () => {
  const first = await open()
  await first.journal.close()
  appendFileSync(fileOf(first.directory), '{"hash":"00')
  const second = await open({ directory: first.directory })
  await second.journal.close()
  const resume = recordsIn(first.directory).find((record) => record.kind === 'resume')
  assert.equal(resume?.cutBytes, 11)
  assert.equal((await onlyReport(first.directory)).verdict, 'intact')
})

test('after a reboot a new chain starts and names the end of the old one [REC-8]', async () => {
  const first = await open()
  await first.journal.close()
  const second = await open({ directory: first.directory }, { boot: 'the next boot' })
  assert.notEqual(second.journal.chain, first.journal.chain)
  await second.journal.close()
  const reports = await reportsOf(first.directory)
  const next = reports.find(({ chain }) => chain === second.journal.chain)
  const old = reports.find(({ chain }) => chain === first.journal.chain)
  assert.deepEqual(next?.previous, { chain: old?.chain, nextSeq: old?.nextSeq, head: old?.head })
  assert.deepEqual(linkFaults(reports), [])
})

test('another writer, or a damaged end, gets a new chain', async () => {
  const first = await open()
  await first.journal.close()
  const writer = parseSpiffeId('spiffe://example.org/proxy-2')
  const second = await open(
    { directory: first.directory, writer },
    {},
    writerSvid(ca.svid('/proxy-2')),
  )
  await second.journal.close()
  assert.notEqual(second.journal.chain, first.journal.chain)
  const file = path.join(first.directory, `${second.journal.chain}.jsonl`)
  appendFileSync(file, 'not a record\n')
  const third = await open({ directory: first.directory, writer }, {}, svid)
  await third.journal.close()
  assert.notEqual(third.journal.chain, second.journal.chain)
})

test('each checkpoint is handed on, and an idle chain is signed from time to time [REC-10]', async () => {
  const events = new EventEmitter()
  const seen: SignedCheckpoint[] = []
  const onCheckpoint = (checkpoint: SignedCheckpoint): void => {
    if (seen.push(checkpoint) === 3) events.emit('third')
  }
  const third = once(events, 'third')
  const { journal, directory } = await open({ checkpointMs: 1, idleTurns: 5 }, { onCheckpoint })
  await third
  await journal.close()
  const seqs = seen.map(({ seq }) => seq)
  assert.deepEqual(
    seqs,
    [...new Set(seqs)].sort((a, b) => a - b),
  )
  const report = await onlyReport(directory)
  assert.equal(report.verdict, 'intact', report.fault?.message)
  assert.equal(report.signedThrough?.seq, seqs.at(-1))
})

test('without a valid SVID nothing is signed; a new one enters the chain before it signs [REC-9]', async () => {
  const clock = new FakeClock(new Date())
  const hours = (count: number): Date => new Date(clock.now().getTime() + count * 3_600_000)
  const oldCa = new TestCa('example.org', { notAfter: hours(1.5) })
  const newCa = new TestCa('example.org', { notAfter: hours(9) })
  const events = new EventEmitter()
  const onProblem = (told: unknown): void => void events.emit('problem', told)
  const onCheckpoint = (): void => void events.emit('checkpoint')

  const signed = once(events, 'checkpoint')
  const first = writerSvid(oldCa.svid('/proxy'))
  const deps = { clock, onCheckpoint, onProblem }
  const { journal, directory } = await open({ checkpointMs: 1, idleTurns: 1 }, deps, first)
  await signed

  const problem = once(events, 'problem')
  clock.advance(2 * 3600)
  const checkpoints = countOf(directory, 'checkpoint')
  assert.match(String(await problem), /no valid SVID to sign the record with/)
  await journal.appendDecision({ ...testDecision, verdict: 'deny' }).written
  assert.equal(countOf(directory, 'checkpoint'), checkpoints)

  journal.useSvid(writerSvid(newCa.svid('/proxy', { notAfter: hours(3) })))
  await once(events, 'checkpoint')
  await journal.close()
  const report = await onlyReport(directory, oldCa, newCa)
  assert.equal(report.verdict, 'intact', report.fault?.message)
  assert.equal(report.decisions.deny, 1)
  assert.equal(report.unsigned, 0)
})

test('refusals before authentication become one summary [REC-4]', async () => {
  const { journal, directory } = await open({ checkpointMs: 600_000 })
  for (let at = 0; at < 1000; at++) journal.countRefusal('192.0.2.1', 'unauthenticated')
  for (let at = 0; at < 400; at++) journal.countRefusal(`192.0.2.${at}`, 'tls-failed')
  await journal.close()
  const summary = recordsIn(directory).find((record) => record.kind === 'summary')
  assert.deepEqual(summary?.refusals[0], {
    address: '192.0.2.1',
    count: 1000,
    reason: 'unauthenticated',
  })
  assert.equal(summary.refusals.length, 256)
  assert.equal(summary.others, 145)
})

test('a record whose file was removed refuses every decision', async () => {
  const events = new EventEmitter()
  const problem = once(events, 'problem')
  const onProblem = (told: unknown): void => void events.emit('problem', told)
  const { journal, directory } = await open({ checkpointMs: 1, idleTurns: 1 }, { onProblem })
  rmSync(fileOf(directory))
  await problem
  await assert.rejects(journal.appendDecision(testDecision).written, /the record file was removed/)
  await journal.close()
})

test('whatever strings a call has, its record is one line and says exactly that [REC-13]', async () => {
  const hostile = [
    '\n',
    '\r\n\u2028',
    '\u001b[2J\u001b]0;x\u0007',
    '","verdict":"allow',
    '\0',
    '😀',
  ]
  const any = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary', maxLength: 200 }))
  const { journal, directory } = await open()
  const sent = new Map<string, string>()
  fc.assert(
    fc.property(any, (text) => {
      const mcp = { method: 'tools/call', tool: text }
      const http = { method: 'POST', path: `/${text}` }
      sent.set(
        journal.appendDecision({ ...testDecision, http, mcp, detail: text }).decisionId,
        text,
      )
    }),
    { numRuns: 1000 },
  )
  await journal.close()
  const report = await onlyReport(directory)
  assert.equal(report.verdict, 'intact', report.fault?.message)
  const decisions = recordsIn(directory).filter(isDecision)
  assert.equal(decisions.length, sent.size)
  for (const { decisionId, mcp, http, detail } of decisions) {
    const text = sent.get(decisionId)
    assert.deepEqual([mcp?.tool, http?.path, detail], [text, `/${text}`, text])
  }
})

test('a text that is too long is recorded by its beginning and its digest', async () => {
  const { journal, directory } = await open()
  const tool = 'drop_table'.repeat(100_000)
  await journal.appendDecision({ ...testDecision, mcp: { method: 'tools/call', tool } }).written
  await journal.close()
  const recorded = recordsIn(directory).find(isDecision)?.mcp?.tool ?? ''
  assert.match(recorded, /^(drop_table)+.*\.\.\.\[1000000 characters, sha256 [0-9a-f]{64}\]$/)
  assert.equal((await onlyReport(directory)).verdict, 'intact')
})

interface Opened {
  readonly journal: Journal
  readonly directory: string
}

async function open(
  options: Partial<JournalOptions> = {},
  deps: Partial<JournalDeps> = {},
  by: WriterSvid = svid,
): Promise<Opened> {
  const { directory = path.join(home, randomBytes(6).toString('hex')) } = options
  const journal = await openJournal(
    { directory, writer: testWriter, durability: 'written', ...options },
    by,
    {
      boot: 'this boot',
      clock: systemClock,
      onCheckpoint: () => undefined,
      onProblem: (problem) => assert.fail(String(problem)),
      randomBytes,
      ...deps,
    },
  )
  return { journal, directory }
}

function writerSvid({ chain, key }: TestSvid): WriterSvid {
  return { certificates: chain, sign: checkpointSigner(key) }
}

function chainFiles(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.jsonl'))
  return names.map((name) => path.join(directory, name))
}

function fileOf(directory: string): string {
  const [file = '', ...others] = chainFiles(directory)
  assert.equal(others.length, 0)
  return file
}

function contentOf(directory: string): string {
  return readFileSync(fileOf(directory), 'utf8')
}

async function reportsOf(directory: string, ...cas: readonly TestCa[]): Promise<ChainReport[]> {
  const trusted = cas.length === 0 ? [ca] : cas
  const der = Buffer.concat(trusted.map(({ certificate }) => certificate))
  const trust = constantTrust(x509BundleSet([x509BundleFromDer(ca.trustDomain, der)]))
  return await Promise.all(
    chainFiles(directory).map((file) => verifyChain([readFileSync(file)], trust)),
  )
}

async function onlyReport(directory: string, ...cas: readonly TestCa[]): Promise<ChainReport> {
  const [report] = await reportsOf(directory, ...cas)
  assert.ok(report)
  return report
}

function countOf(directory: string, kind: AuditRecord['kind']): number {
  return recordsIn(directory).filter((record) => record.kind === kind).length
}

function recordsIn(directory: string): AuditRecord[] {
  const lines = contentOf(directory).split('\n').slice(0, -1)
  return lines.map((line) => {
    const opened = openLine(line)
    assert.ok('record' in opened, line)
    return opened.record
  })
}

function isDecision(record: AuditRecord): record is DecisionRecord {
  return record.kind === 'decision'
}
