import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { AuditChain } from '../../../test/support/audit-chain.ts'
import { CollectedIo } from '../../../test/support/collected-io.ts'
import { command } from './why.ts'

const home = await mkdtemp(path.join(tmpdir(), 'why-'))
after(() => rm(home, { recursive: true }))
const noServer = ['-socketPath', path.join(home, 'none.sock')]

const policy = path.join(home, 'policy.yaml')
await writeFile(
  policy,
  `apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata:
  name: inventory
spec:
  app: inventory
  rules:
    - {callers: [analyst], mcp: {tools: [get_inventory]}}
`,
)

const chain = new AuditChain()
  .decision()
  .outcome()
  .decision({
    verdict: 'deny',
    reason: 'tool-not-allowed',
    mcp: { method: 'tools/call', tool: 'drop_table' },
    detail: 'said\u001b[2J',
  })
  .append({ kind: 'gap', lost: 2 }, 6)
await writeFile(path.join(home, `${chain.chain}.jsonl`), chain.bytes)

test('a denial is explained by who, what, the nearest rule and what would allow it [REC-18 REC-21]', async () => {
  const { code, stdout, stderr } = await why(`${chain.chain}-3`, '-policy', policy)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^DENIED {2}tools\/call drop_table\n/)
  assert.match(
    stdout,
    /caller +spiffe:\/\/example.org\/ns\/default\/analyst {2}\(SVID serial 0a1b2c/,
  )
  assert.match(stdout, /why +no rule allows this caller to call this tool \(tool-not-allowed\)/)
  assert.match(stdout, /nearest +policy inventory, line 8: - \{callers: \[analyst\]/)
  assert.match(stdout, /does not match: tool\n/)
  assert.match(stdout, /to allow +add "drop_table" to mcp.tools of the rule at line 8/)
  assert.match(stdout, /record +holds in /)
  assert.match(stdout, /next +countersign policy get spiffe:.*policy apply/)
  assert.doesNotMatch(stdout.replaceAll('\n', ''), /\p{Cc}/u)
})

test('an allowed call shows its rule and its outcome', async () => {
  const { stdout } = await why(`${chain.chain}-1`, '-policy', policy)
  assert.match(stdout, /^ALLOWED {2}tools\/call get_inventory\n/)
  assert.match(stdout, /rule +policy inventory, line 7/)
  assert.match(stdout, /outcome +200 complete/)
})

test('a decision that could not be recorded is told as what it was: denied [REC-20]', async () => {
  assert.match(
    (await why(`${chain.chain}-5`)).stdout,
    /could not be recorded, so its call was denied/,
  )
})

test('without policies the record alone still answers', async () => {
  const { code, stdout, stderr } = await why(`${chain.chain}-3`)
  assert.equal(code, 0)
  assert.match(stdout, /tool-not-allowed/)
  assert.doesNotMatch(stdout, /nearest|to allow/)
  assert.match(stderr, /the server was not reached; give them with -policy FILE/)
})

test('as JSON the answer holds the record and the explanation', async () => {
  const { stdout } = await why(`${chain.chain}-3`, '-policy', policy, '-output', 'json')
  const answer = JSON.parse(stdout) as {
    record: { decisionId: string }
    holds: boolean
    explanation: { nearest: { misses: string[] } }
  }
  assert.equal(answer.record.decisionId, `${chain.chain}-3`)
  assert.equal(answer.holds, true)
  assert.deepEqual(answer.explanation.nearest.misses, ['tool'])
})

test('a record that was changed is not believed', async () => {
  const dir = await mkdtemp(path.join(home, 'changed-'))
  const text = chain.bytes.toString().replaceAll('drop_table', 'get_schema')
  await writeFile(path.join(dir, `${chain.chain}.jsonl`), text)
  const io = new CollectedIo()
  await command.run([`${chain.chain}-3`, '-dir', dir, ...noServer], io)
  assert.match(io.stdout, /record +WAS CHANGED: do not rely on it\n/)
})

test('an unknown decision has exit code 1, wrong use 2 [BAD-1]', async () => {
  assert.equal((await why(`${chain.chain}-99`)).code, 1)
  assert.equal((await why(`${chain.chain}-2`)).code, 1)
  assert.equal((await why('aaaaaaaaaaaaaaaa-1')).code, 1)
  assert.equal((await why('not-an-id')).code, 2)
  assert.equal((await why(`${chain.chain}-3`, '-policy', path.join(home, 'none'))).code, 2)
  const io = new CollectedIo()
  assert.equal(await command.run([`${chain.chain}-3`], io), 2)
  assert.match(io.stderr, /a record is required/)
})

async function why(
  id: string,
  ...flags: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = new CollectedIo()
  const code = await command.run([id, '-dir', home, ...noServer, ...flags], io)
  return { code, stdout: io.stdout, stderr: io.stderr }
}
