/** Making and using the private keys that a key manager holds; nothing here gives one away. */

import { createPublicKey, generateKeyPair, type KeyObject, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { type KeyType, keyTypes, type ManagedKey } from './key-manager.ts'

const makeKeyPair = promisify(generateKeyPair)

/** A fresh private key. */
export async function makePrivateKey(type: KeyType): Promise<KeyObject> {
  const facts = keyTypes[type]
  const pair =
    facts.algorithm === 'ec'
      ? await makeKeyPair('ec', { namedCurve: facts.namedCurve })
      : await makeKeyPair('rsa', { modulusLength: facts.modulusBits })
  return pair.privateKey
}

/** The type of a private key, or undefined for one that no key manager makes. */
export function keyTypeOf(privateKey: KeyObject): KeyType | undefined {
  const { asymmetricKeyType, asymmetricKeyDetails = {} } = privateKey
  const { namedCurve, modulusLength } = asymmetricKeyDetails
  if (asymmetricKeyType === 'rsa' && modulusLength === 2048) return 'rsa-2048'
  if (asymmetricKeyType === 'rsa' && modulusLength === 4096) return 'rsa-4096'
  if (asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ec-p256'
  if (asymmetricKeyType === 'ec' && namedCurve === 'secp384r1') return 'ec-p384'
  return undefined
}

/** Wraps a private key so that it can only sign. */
export function managedKey(slot: string, type: KeyType, privateKey: KeyObject): ManagedKey {
  const publicKey = createPublicKey(privateKey)
  const { algorithm, digest } = keyTypes[type]
  return {
    slot,
    type,
    publicKey,
    spki: publicKey.export({ format: 'der', type: 'spki' }),
    // An EC signature is done before the thread pool would have begun; an RSA one would hold up
    // the event loop for milliseconds.
    sign: (data) =>
      new Promise((resolve, reject) => {
        if (algorithm === 'ec') resolve(sign(digest, data, privateKey))
        else
          sign(digest, data, privateKey, (error, made) => (error ? reject(error) : resolve(made)))
      }),
  }
}

/** Whether the private and the public half belong together; OpenSSL reads them as they come. */
export function isWhole(privateKey: KeyObject): boolean {
  const probe = Buffer.from('whole')
  return verify('sha256', probe, createPublicKey(privateKey), sign('sha256', probe, privateKey))
}
