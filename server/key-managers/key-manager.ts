/**
 * Keys that sign and never leave (DESIGN.md section 4, "CA").
 *
 * A key lives in a named slot; generating again replaces it. Implementations are held to
 * `test/contracts/key-manager.ts`.
 */

import type { KeyObject } from 'node:crypto'

/** Key types by SPIRE's configuration names, with the digest that each signs with. */
export const keyTypes = {
  'ec-p256': { algorithm: 'ec', namedCurve: 'P-256', digest: 'sha256' },
  'ec-p384': { algorithm: 'ec', namedCurve: 'P-384', digest: 'sha384' },
  'rsa-2048': { algorithm: 'rsa', modulusBits: 2048, digest: 'sha256' },
  'rsa-4096': { algorithm: 'rsa', modulusBits: 4096, digest: 'sha256' },
} as const

export type KeyType = keyof typeof keyTypes

/** One generated key. It goes on signing after its slot has been given another. */
export interface ManagedKey {
  readonly slot: string
  readonly type: KeyType
  readonly publicKey: KeyObject
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  /** Signs with the digest of its type: ECDSA as a DER sequence, RSA as PKCS#1 v1.5. */
  sign(data: Uint8Array): Promise<Uint8Array>
}

export interface KeyManager {
  /** Names this set of keys for as long as it lasts: for ever on disk, one process in memory. */
  readonly id: string
  /** Makes a key in the slot, replacing the one there; kept before it is answered. */
  generateKey(slot: string, type: KeyType): Promise<ManagedKey>
  /** The key in the slot. */
  key(slot: string): ManagedKey | undefined
  /** Lets go of the keys; those handed out go on signing. Idempotent. */
  close(): Promise<void>
}
