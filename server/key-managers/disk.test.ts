import assert from 'node:assert/strict'
import { verify } from 'node:crypto'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { keyManagerContract } from '../../test/contracts/key-manager.ts'
import { openDiskKeyManager } from './disk.ts'

async function scratch(t?: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'countersign-keys-'))
  t?.after(() => rm(folder, { recursive: true }))
  return folder
}

keyManagerContract('disk', async () => {
  const folder = await scratch()
  const keys = await openDiskKeyManager(path.join(folder, 'keys'))
  return { keys, remove: () => rm(folder, { recursive: true }) }
})

describe('key manager disk', () => {
  it('has id and keys again when it is opened again', async (t) => {
    const folder = path.join(await scratch(t), 'keys')
    const first = await openDiskKeyManager(folder)
    const made = await first.generateKey('x509-CA-A', 'ec-p384')
    await first.close()
    const second = await openDiskKeyManager(folder)
    const found = second.key('x509-CA-A')
    assert.equal(second.id, first.id)
    assert.equal(found?.type, 'ec-p384')
    assert.ok(
      verify('sha384', Buffer.from('x'), made.publicKey, await found.sign(Buffer.from('x'))),
    )
    await second.close()
  })

  for (const umask of [0o000, 0o077]) {
    it(`makes files 0600 and folders 0700 under umask ${umask.toString(8)}`, async (t) => {
      const before = process.umask(umask)
      t.after(() => process.umask(before))
      const folder = path.join(await scratch(t), 'nested', 'keys')
      const keys = await openDiskKeyManager(folder)
      await keys.generateKey('slot', 'ec-p256')
      await keys.close()
      assert.equal((await stat(folder)).mode & 0o777, 0o700)
      for (const name of await readdir(folder)) {
        assert.equal((await stat(path.join(folder, name))).mode & 0o777, 0o600, name)
      }
    })
  }

  it('refuses a folder that is open to others, and names the command that mends it', async (t) => {
    const folder = path.join(await scratch(t), 'keys')
    await mkdir(folder)
    await chmod(folder, 0o750)
    await assert.rejects(openDiskKeyManager(folder), {
      code: 'invalid-configuration',
      hint: `chmod 700 ${folder}`,
    })
  })

  it('refuses a key file that is open to others, and names the command that mends it', async (t) => {
    const folder = await withKey(t)
    const file = path.join(folder, 'slot.key.pem')
    await chmod(file, 0o640)
    await assert.rejects(openDiskKeyManager(folder), {
      code: 'invalid-configuration',
      hint: `chmod 600 ${file}`,
    })
  })

  it('refuses a link in place of a key file', async (t) => {
    const folder = await withKey(t)
    const elsewhere = path.join(path.dirname(folder), 'elsewhere.pem')
    await writeFile(elsewhere, await readFile(path.join(folder, 'slot.key.pem')), { mode: 0o600 })
    await symlink(elsewhere, path.join(folder, 'linked.key.pem'))
    await assert.rejects(openDiskKeyManager(folder))
  })

  it('refuses slot names that would leave the folder', async (t) => {
    const folder = path.join(await scratch(t), 'keys')
    const keys = await openDiskKeyManager(folder)
    for (const slot of ['../up', '/etc/x', 'a\0b', '', 'a'.repeat(300)]) {
      await assert.rejects(keys.generateKey(slot, 'ec-p256'), TypeError)
    }
    await keys.close()
    assert.deepEqual((await readdir(folder)).sort(), ['id', 'lock'])
  })

  it('refuses to open keys that are in use', async (t) => {
    const folder = path.join(await scratch(t), 'keys')
    const keys = await openDiskKeyManager(folder)
    await assert.rejects(openDiskKeyManager(folder), { code: 'unavailable' })
    await keys.close()
    await (await openDiskKeyManager(folder)).close()
  })

  it('refuses keys without the id they belong to', async (t) => {
    const folder = await withKey(t)
    await rm(path.join(folder, 'id'))
    await assert.rejects(openDiskKeyManager(folder), { code: 'corrupt' })
  })

  it('serves the same key or names the file, whichever byte is flipped', async (t) => {
    const folder = await withKey(t)
    for (const name of ['slot.key.pem', 'id']) {
      const file = path.join(folder, name)
      const whole = await readFile(file)
      for (const [offset, byte] of whole.entries()) {
        const damaged = Buffer.from(whole)
        damaged[offset] = byte ^ (1 << (offset % 8))
        await writeFile(file, damaged)
        await refusesOrServesTheSame(folder, file)
      }
      await writeFile(file, whole)
    }
  })
})

async function withKey(t: TestContext): Promise<string> {
  const folder = path.join(await scratch(t), 'keys')
  const keys = await openDiskKeyManager(folder)
  originals.set(folder, { id: keys.id, spki: (await keys.generateKey('slot', 'ec-p256')).spki })
  await keys.close()
  return folder
}

const originals = new Map<string, { id: string; spki: Uint8Array }>()

async function refusesOrServesTheSame(folder: string, file: string): Promise<void> {
  const original = originals.get(folder)
  try {
    const keys = await openDiskKeyManager(folder)
    const found = { id: keys.id, spki: keys.key('slot')?.spki }
    await keys.close()
    assert.deepEqual(found, original)
  } catch (error) {
    if (error instanceof assert.AssertionError || !(error instanceof Error)) throw error
    assert.ok(error.message.includes(file), error.message)
  }
}
