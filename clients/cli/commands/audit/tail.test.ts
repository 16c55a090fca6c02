import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { AuditChain } from '../../../../test/support/audit-chain.ts'
import { CollectedIo } from '../../../../test/support/collected-io.ts'
import { TestCa } from '../../../../test/support/test-ca.ts'
import { command } from './tail.ts'

const ca = new TestCa('example.org')
const home = await mkdtemp(path.join(tmpdir(), 'audit-tail-'))
after(() => rm(home, { recursive: true }))

test('the last records come one per line, without checkpoints and SVIDs unless asked for', async () => {
  const chain = new AuditChain().svid(ca.svid('/proxy')).decision().outcome()
  chain.decision({ verdict: 'deny', reason: 'tool-not-allowed' }).checkpoint()
  const file = await write(chain)
  const io = new CollectedIo()
  assert.equal(await command.run(['-file', file, '-n', '3'], io), 0)
  const [first, second, third, end] = io.stdout.split('\n')
  assert.match(
    first ?? '',
    /ALLOW +default\/analyst -> default\/inventory +tools\/call get_inventory/,
  )
  assert.match(second ?? '', /outcome +200 complete +1.25 ms/)
  assert.match(third ?? '', /DENY .*\(tool-not-allowed\) +[a-z2-7]{16}-4$/)
  assert.equal(end, '')
  const all = new CollectedIo()
  await command.run(['-file', file, '-all'], all)
  assert.match(all.stdout, /checkpoint +signed through record 4\n$/)
})

test('as JSON each record is one line with its own members', async () => {
  const chain = new AuditChain().decision()
  const io = new CollectedIo()
  await command.run(['-file', await write(chain), '-output', 'json'], io)
  const records = io.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string })
  assert.deepEqual(
    records.map(({ kind }) => kind),
    ['chain-start', 'decision'],
  )
})

test('nothing in a record can speak to the terminal', async () => {
  const tool = 'x\u001b]0;owned\u0007\n\u009b2J\u2028\u202e\u007f'
  const chain = new AuditChain().decision({ mcp: { method: 'tools/call', tool } })
  const file = await write(chain)
  for (const output of ['pretty', 'json']) {
    const io = new CollectedIo()
    await command.run(['-file', file, '-output', output], io)
    assert.doesNotMatch(io.stdout.replaceAll('\n', ''), /[\p{Cc}\p{Zl}\p{Bidi_Control}]/u)
    assert.equal(io.stdout.split('\n').length, 3)
  }
})

test('with -follow new records are shown until the command is interrupted', async () => {
  const chain = new AuditChain().decision()
  const file = await write(chain)
  const interrupted = new AbortController()
  let appended: Promise<void> | undefined
  const onOutput = (io: CollectedIo): void => {
    if (io.stdout.includes('new_tool')) interrupted.abort()
    appended ??= append()
  }
  const append = async (): Promise<void> => {
    const before = chain.lines.length
    chain.decision({ mcp: { method: 'tools/call', tool: 'new_tool' } })
    await appendFile(file, chain.lines.slice(before).join(''))
  }
  const io = new CollectedIo({ signal: interrupted.signal, onOutput })
  assert.equal(await command.run(['-file', file, '-follow'], io), 0)
  await appended
  assert.match(io.stdout, /new_tool/)
})

test('a damaged line is passed over and told of', async () => {
  const chain = new AuditChain().decision()
  const io = new CollectedIo()
  const file = path.join(home, 'damaged.jsonl')
  await writeFile(file, `${chain.lines[0]}damaged\n${chain.lines[1]}`)
  assert.equal(await command.run(['-file', file], io), 0)
  assert.match(io.stdout, /ALLOW/)
  assert.match(io.stderr, /some lines are no records/)
})

async function write(chain: AuditChain): Promise<string> {
  const file = path.join(home, `${chain.chain}.jsonl`)
  await writeFile(file, chain.bytes)
  return file
}
