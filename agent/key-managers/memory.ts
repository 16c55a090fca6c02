/** The key manager `memory`: after a restart the agent must be attested anew. */

import type { KeyObject } from 'node:crypto'
import { generateKey, type KeyManager, keyIdOf, spkiOf } from './key-manager.ts'

export class MemoryKeyManager implements KeyManager {
  readonly #keys = new Map<string, KeyObject>()

  async generate(): Promise<KeyObject> {
    const key = await generateKey('ec-p256')
    this.#keys.set(keyIdOf(spkiOf(key)), key)
    return key
  }

  find(spki: Uint8Array): Promise<KeyObject | undefined> {
    return Promise.resolve(this.#keys.get(keyIdOf(spki)))
  }

  keepOnly(spki: Uint8Array): Promise<void> {
    const kept = keyIdOf(spki)
    for (const id of this.#keys.keys()) if (id !== kept) this.#keys.delete(id)
    return Promise.resolve()
  }

  wipe(): Promise<void> {
    this.#keys.clear()
    return Promise.resolve()
  }
}
