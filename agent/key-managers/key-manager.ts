/** Where the agent's own key lives. Workloads' keys are in memory only and never here. */

import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

/**
 * Keeps few keys at a time: the one in use, and while it is being replaced the next one. Which of
 * them counts is decided by the certificate, so a crash between two steps loses nothing.
 */
export interface KeyManager {
  /** Makes an EC P-256 key; it is kept before it is returned. */
  generate(): Promise<KeyObject>
  /** The private key of this public key (DER SubjectPublicKeyInfo). */
  find(spki: Uint8Array): Promise<KeyObject | undefined>
  /** Forgets every key but this one. */
  keepOnly(spki: Uint8Array): Promise<void>
  /** Forgets every key. */
  wipe(): Promise<void>
}

const generate = promisify(generateKeyPair)

/** How keys of workloads may be made; the work is done off the event loop. */
const makers = {
  'rsa-2048': () => generate('rsa', { modulusLength: 2048 }),
  'ec-p256': () => generate('ec', { namedCurve: 'P-256' }),
  'ec-p384': () => generate('ec', { namedCurve: 'P-384' }),
} as const

/** SPIRE's names of key types. */
export type WorkloadKeyType = keyof typeof makers

export function isWorkloadKeyType(name: string): name is WorkloadKeyType {
  return Object.hasOwn(makers, name)
}

/** A new private key. */
export async function generateKey(type: WorkloadKeyType): Promise<KeyObject> {
  const { privateKey } = await makers[type]()
  return privateKey
}

/** Names a key by its public half: SHA-256 of the DER SubjectPublicKeyInfo, lower-case hex. */
export function keyIdOf(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('hex')
}

/** DER SubjectPublicKeyInfo of a private key. */
export function spkiOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ format: 'der', type: 'spki' })
}
