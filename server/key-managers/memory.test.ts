import { keyManagerContract } from '../../test/contracts/key-manager.ts'
import { memoryKeyManager } from './memory.ts'

keyManagerContract('memory', async () => ({
  keys: memoryKeyManager(),
  remove: () => Promise.resolve(),
}))
