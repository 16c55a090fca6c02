import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { DiskKeyManager } from './disk.ts'
import { type KeyManager, spkiOf } from './key-manager.ts'
import { MemoryKeyManager } from './memory.ts'

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'agent-keys-'))
  t.after(async () => {
    await rm(made, { recursive: true })
  })
  return made
}

const managers: Record<string, (t: TestContext) => Promise<KeyManager>> = {
  memory: () => Promise.resolve(new MemoryKeyManager()),
  disk: async (t) => DiskKeyManager.open(await folder(t)),
}

for (const [name, open] of Object.entries(managers)) {
  test(`${name}: a key is found by its public half`, async (t) => {
    const keys = await open(t)
    const [a, b] = [await keys.generate(), await keys.generate()]
    assert.equal((await keys.find(spkiOf(a)))?.equals(a), true)
    assert.equal((await keys.find(spkiOf(b)))?.equals(b), true)
  })

  test(`${name}: one key stays when the others are dropped, none after a wipe`, async (t) => {
    const keys = await open(t)
    const [a, b] = [await keys.generate(), await keys.generate()]
    await keys.keepOnly(spkiOf(b))
    assert.equal(await keys.find(spkiOf(a)), undefined)
    assert.notEqual(await keys.find(spkiOf(b)), undefined)
    await keys.wipe()
    assert.equal(await keys.find(spkiOf(b)), undefined)
  })
}

test('keys on disk are there after a restart, and only for their owner', async (t) => {
  const at = await folder(t)
  const key = await (await DiskKeyManager.open(at)).generate()
  const file = path.join(at, 'agent-keys.json')
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const again = await DiskKeyManager.open(at)
  assert.equal((await again.find(spkiOf(key)))?.equals(key), true)
})

test('a directory or a file that others can read is refused', async (t) => {
  const at = await folder(t)
  await (await DiskKeyManager.open(at)).generate()
  const file = path.join(at, 'agent-keys.json')
  await chmod(file, 0o644)
  await assert.rejects(DiskKeyManager.open(at), /agent-keys\.json is open to others/)
  await chmod(file, 0o600)
  await chmod(at, 0o755)
  await assert.rejects(DiskKeyManager.open(at), /is open to others/)
  await chmod(at, 0o700)
})

test('a damaged file is refused without a word of what is in it', async (t) => {
  const at = await folder(t)
  await (await DiskKeyManager.open(at)).generate()
  const file = path.join(at, 'agent-keys.json')
  const content = await readFile(file, 'utf8')
  await writeFile(file, content.replace('keys', 'kyes'))
  await assert.rejects(DiskKeyManager.open(at), (error: unknown) => {
    assert.ok(error instanceof Error)
    assert.match(error.message, /holds no keys that can be read/)
    assert.equal(error.cause, undefined)
    return true
  })
})
