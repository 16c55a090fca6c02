/** What every backend demands of a commit before it looks at what is stored. */

import { Failure } from '../../runtime/failure.ts'
import { datastoreLimits, type Operation } from './datastore.ts'

/**
 * Throws TypeError for a commit that says nothing or names a key twice, and a Failure
 * `resource-exhausted` for one over a limit.
 */
export function checkOperations(operations: readonly Operation[]): void {
  const { operationsPerCommit, keyBytes, valueBytes } = datastoreLimits
  if (operations.length === 0) throw new TypeError('a commit has at least one operation')
  if (operations.length > operationsPerCommit)
    throw exceeded('operations in one commit', operations.length, operationsPerCommit)
  const keys = new Set<string>()
  for (const operation of operations) {
    const { key } = operation
    if (key.length === 0) throw new TypeError('a key has at least one byte')
    if (key.length > keyBytes) throw exceeded('bytes in a key', key.length, keyBytes)
    if (operation.kind === 'put' && operation.value.length > valueBytes)
      throw exceeded('bytes in a value', operation.value.length, valueBytes)
    keys.add(keyName(key))
  }
  if (keys.size < operations.length) throw new TypeError('a commit names each key once')
}

/** A key as text of one character per byte, to look it up in a Map. */
export function keyName(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}

function exceeded(what: string, found: number, limit: number): Failure {
  return new Failure('resource-exhausted', `${found} ${what}, more than ${limit}`)
}
