/** Key manager `memory`: keys last as long as the process, so a restart makes new authorities. */

import { randomUUID } from 'node:crypto'
import type { KeyManager, ManagedKey } from './key-manager.ts'
import { makePrivateKey, managedKey } from './key-manager-keys.ts'

/** A key manager without any keys. */
export function memoryKeyManager(): KeyManager {
  const keys = new Map<string, ManagedKey>()
  return {
    id: randomUUID(),
    generateKey: async (slot, type) => {
      const key = managedKey(slot, type, await makePrivateKey(type))
      keys.set(slot, key)
      return key
    },
    key: (slot) => keys.get(slot),
    close: () => Promise.resolve(keys.clear()),
  }
}
