/** What every key manager does: the contract that each one's test runs. */

import assert from 'node:assert/strict'
import { KeyObject, verify } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { type KeyManager, type KeyType, keyTypes } from '../../server/key-managers/key-manager.ts'

/** Runs the contract; `make` gives a key manager without keys and what removes its traces. */
export function keyManagerContract(
  name: string,
  make: () => Promise<{ keys: KeyManager; remove: () => Promise<void> }>,
): void {
  async function made(t: TestContext): Promise<KeyManager> {
    const { keys, remove } = await make()
    t.after(async () => {
      await keys.close()
      await remove()
    })
    return keys
  }

  describe(`key manager ${name}`, () => {
    const facts: readonly (readonly [KeyType, object])[] = [
      ['ec-p256', { namedCurve: 'prime256v1' }],
      ['ec-p384', { namedCurve: 'secp384r1' }],
      ['rsa-2048', { modulusLength: 2048 }],
      ['rsa-4096', { modulusLength: 4096 }],
    ]
    for (const [type, expected] of facts) {
      it(`makes ${type} keys whose signatures verify`, async (t) => {
        const keys = await made(t)
        const key = await keys.generateKey('slot', type)
        const data = Buffer.from('signed')
        assert.equal(key.type, type)
        assert.equal(key.slot, 'slot')
        for (const [detail, value] of Object.entries(expected)) {
          assert.equal(
            Object.entries(key.publicKey.asymmetricKeyDetails ?? {}).find(
              ([n]) => n === detail,
            )?.[1],
            value,
          )
        }
        assert.ok(verify(keyTypes[type].digest, data, key.publicKey, await key.sign(data)))
        assert.deepEqual(
          Buffer.from(key.spki),
          key.publicKey.export({ format: 'der', type: 'spki' }),
        )
      })
    }

    it('knows no key in an empty slot', async (t) => {
      assert.equal((await made(t)).key('slot'), undefined)
    })

    it('gives a slot its newest key, while the older one goes on signing', async (t) => {
      const keys = await made(t)
      const older = await keys.generateKey('slot', 'ec-p256')
      const newer = await keys.generateKey('slot', 'ec-p256')
      assert.notDeepEqual(older.spki, newer.spki)
      assert.deepEqual(keys.key('slot')?.spki, newer.spki)
      const data = Buffer.from('signed')
      assert.ok(verify('sha256', data, older.publicKey, await older.sign(data)))
    })

    it('keeps slots apart', async (t) => {
      const keys = await made(t)
      const a = await keys.generateKey('x509-CA-A', 'ec-p256')
      const b = await keys.generateKey('x509-CA-B', 'ec-p256')
      assert.deepEqual(keys.key('x509-CA-A')?.spki, a.spki)
      assert.deepEqual(keys.key('x509-CA-B')?.spki, b.spki)
    })

    it('hands out nothing that holds a private key', async (t) => {
      const keys = await made(t)
      const key = await keys.generateKey('slot', 'ec-p256')
      assert.equal(key.publicKey.type, 'public')
      for (const holder of [keys, key]) {
        for (const value of Object.values(holder)) {
          assert.ok(!(value instanceof KeyObject) || value.type === 'public')
        }
      }
    })

    it('closes twice', async (t) => {
      const keys = await made(t)
      await keys.close()
      await keys.close()
    })
  })
}
