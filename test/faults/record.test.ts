import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openLine } from '../../audit/chain.ts'
import { linkFaults } from '../../audit/chain-links.ts'
import { constantTrust } from '../../audit/trust-history.ts'
import { verifyChain } from '../../audit/verify.ts'
import { x509BundleFromDer, x509BundleSet } from '../../spiffe/bundle/x509-bundle.ts'
import { parseTrustDomain } from '../../spiffe/trust-domain.ts'

const home = await mkdtemp(path.join(tmpdir(), 'record-faults-'))
after(() => rm(home, { recursive: true }))

test('a writer killed at any moment loses nothing that it said was written [REC-3 BAD-7]', async () => {
  const record = newRecord('killed')
  for (let round = 0; round < 24; round++) {
    const writer = start(record)
    let isKilled = false
    for await (const line of linesOf(writer)) {
      note(record, line)
      if (!isKilled) setTimeout(() => writer.kill('SIGKILL'), randomInt(100))
      isKilled = true
    }
  }
  assert.ok(record.written.size > 24)
  assert.equal(record.refused.size, 0)
  await assertWhole(record)
})

test('a full disk refuses decisions, and a gap tells how many once there is room [REC-20]', async () => {
  const record = newRecord('full')
  const writer = start(record, 256)
  for await (const line of linesOf(writer)) {
    note(record, line)
    if (record.refused.size === 3) raiseLimit(writer)
    if (record.refused.size > 0 && line.startsWith('written')) writer.kill('SIGKILL')
  }
  const { lost, chains } = await assertWhole(record)
  assert.equal(chains, 1)
  assert.ok(lost >= record.refused.size)
})

test('the id of a decision that could not be written is not given to another call', async () => {
  const record = newRecord('restarted')
  const full = start(record, 256)
  for await (const line of linesOf(full)) {
    note(record, line)
    if (line.startsWith('refused')) full.kill('SIGKILL')
  }
  const next = start(record)
  for await (const line of linesOf(next)) {
    note(record, line)
    if (record.written.size > 1000) next.kill('SIGKILL')
  }
  const { chains } = await assertWhole(record)
  assert.equal(chains, 2)
})

interface TestRecord {
  readonly directory: string
  readonly authorities: Buffer[]
  readonly written: Set<string>
  readonly refused: Set<string>
}

function newRecord(name: string): TestRecord {
  const directory = path.join(home, name)
  return { directory, authorities: [], written: new Set(), refused: new Set() }
}

const program = fileURLToPath(
  new URL(`../support/record-writer${path.extname(import.meta.url)}`, import.meta.url),
)

/** Starts a writer whose files may have so many KiB; past that, writes fail as on a full disk. */
function start({ directory }: TestRecord, maxFileKib?: number): ChildProcess {
  const node = [process.execPath, ...process.execArgv, program, directory, '5']
  const limits = maxFileKib === undefined ? '' : `trap '' XFSZ; ulimit -S -f ${maxFileKib};`
  return spawn('bash', ['-c', `${limits} exec "$@"`, 'bash', ...node], {
    env: { ...process.env, TSX_DISABLE_CACHE: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

function raiseLimit({ pid }: ChildProcess): void {
  const { status } = spawnSync('prlimit', ['--pid', `${pid}`, '--fsize=unlimited'])
  assert.equal(status, 0)
}

async function* linesOf({ stdout }: ChildProcess): AsyncGenerator<string> {
  assert.ok(stdout)
  yield* createInterface({ input: stdout })
}

function note(record: TestRecord, line: string): void {
  const [word, value = '', end] = line.split(' ')
  if (end !== '.') return
  if (word === 'ca') record.authorities.push(Buffer.from(value, 'base64'))
  else if (word === 'written') record.written.add(value)
  else if (word === 'refused') record.refused.add(value)
  else assert.fail(line)
}

/** Everything written is there, nothing refused is, no id twice, and every chain verifies. */
async function assertWhole(record: TestRecord): Promise<{ lost: number; chains: number }> {
  const files = readdirSync(record.directory).filter((name) => name.endsWith('.jsonl'))
  const contents = files.map((name) => readFileSync(path.join(record.directory, name)))
  const ids = contents.flatMap(decisionIdsIn)
  const recorded = new Set(ids)
  assert.equal(recorded.size, ids.length)
  assert.deepEqual(
    [...record.written].filter((id) => !recorded.has(id)),
    [],
  )
  assert.deepEqual(
    [...record.refused].filter((id) => recorded.has(id)),
    [],
  )

  const bundle = x509BundleFromDer(
    parseTrustDomain('example.org'),
    Buffer.concat(record.authorities),
  )
  const trust = constantTrust(x509BundleSet([bundle]))
  const reports = await Promise.all(contents.map((bytes) => verifyChain([bytes], trust)))
  for (const report of reports) assert.equal(report.verdict, 'intact', report.fault?.message)
  assert.deepEqual(linkFaults(reports), [])
  return { chains: reports.length, lost: reports.reduce((sum, { lost }) => sum + lost, 0) }
}

function decisionIdsIn(bytes: Buffer): string[] {
  const lines = bytes.toString('utf8').split('\n').slice(0, -1)
  return lines.flatMap((line) => {
    const opened = openLine(line)
    assert.ok('record' in opened, line)
    return opened.record.kind === 'decision' ? [opened.record.decisionId] : []
  })
}
