import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { AgentDataFile } from './agent-data.ts'

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'agent-data-'))
  t.after(async () => {
    await rm(made, { recursive: true })
  })
  return made
}

test('what was written is there after a restart', async (t) => {
  const at = await folder(t)
  const data = await AgentDataFile.open(at, 'example.org')
  assert.deepEqual(data.data, { svid: undefined, bundle: undefined })
  const svid = { chain: [Buffer.of(1, 2)], isReattestable: false }
  await Promise.all([data.update({ svid }), data.update({ bundle: [Buffer.of(3)] })])
  const again = await AgentDataFile.open(at, 'example.org')
  assert.deepEqual(again.data, { svid, bundle: [Buffer.of(3)] })
})

test('a wipe leaves no file', async (t) => {
  const at = await folder(t)
  const data = await AgentDataFile.open(at, 'example.org')
  await data.update({ bundle: [Buffer.of(3)] })
  await data.wipe()
  assert.deepEqual(await readdir(at), [])
  assert.equal(data.data.bundle, undefined)
})

test('another trust domain, a damaged file or a directory open to others is refused', async (t) => {
  const at = await folder(t)
  const data = await AgentDataFile.open(at, 'example.org')
  await data.update({ bundle: [Buffer.of(3)] })
  await assert.rejects(AgentDataFile.open(at, 'other.org'), /belongs to an agent of trust domain/)
  await writeFile(path.join(at, 'agent-data.json'), '{"trust_domain": 1}')
  await assert.rejects(AgentDataFile.open(at, 'example.org'), /cannot be read/)
  await chmod(at, 0o777)
  await assert.rejects(AgentDataFile.open(at, 'example.org'), /others may write into/)
})
