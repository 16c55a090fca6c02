/**
 * What a checkpoint signs, and with what. DESIGN.md section 6.
 *
 * The signed bytes are `"countersign/audit/v1\0"`, then writer and chain, each after its length in
 * two bytes, the sequence number in eight bytes, the head's 32 bytes, and the time after its length
 * in two bytes, all big-endian. They begin with a domain of their own because the key is the
 * writer's SVID key: nothing signed for TLS, a JWT or a certificate can pass for a checkpoint.
 */

import { hash, type KeyObject, sign, verify } from 'node:crypto'
import type { SpiffeId } from '../spiffe/spiffe-id.ts'
import type { ChainId } from './decision-id.ts'
import type { Sha256Hex } from './record.ts'

/**
 * Most records between the last one that a checkpoint covers and the checkpoint itself: what is
 * appended while the disk syncs. A verifier remembers so many hashes.
 */
export const maxCheckpointLag = 1 << 17

export interface SignedHead {
  readonly writer: SpiffeId
  readonly chain: ChainId
  /** Sequence number of the last record that is covered. */
  readonly seq: number
  /** Its hash. */
  readonly head: Sha256Hex
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string
}

export function checkpointBytes(signed: SignedHead): Uint8Array {
  const seq = Buffer.alloc(8)
  seq.writeBigUInt64BE(BigInt(signed.seq))
  return Buffer.concat([
    Buffer.from('countersign/audit/v1\0', 'latin1'),
    afterLength(signed.writer),
    afterLength(signed.chain),
    seq,
    Buffer.from(signed.head, 'hex'),
    afterLength(signed.time),
  ])
}

/** Signs checkpoint bytes with an SVID's private key. Throws TypeError for a key of another kind. */
export function checkpointSigner(key: KeyObject): (bytes: Uint8Array) => Uint8Array {
  const scheme = schemeOf(key)
  if (scheme === undefined) throw new TypeError(`no signature scheme for a ${keyKind(key)} key`)
  return (bytes) => sign(scheme.digest, bytes, { key, dsaEncoding: 'ieee-p1363' })
}

/** Whether the signature is by the key; false also for a key of a kind that signs no checkpoint. */
export function isCheckpointSignature(
  publicKey: KeyObject,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  const scheme = schemeOf(publicKey)
  if (scheme === undefined) return false
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  return verify(scheme.digest, bytes, key, signature)
}

/** Names a key in records: SHA-256 of its SubjectPublicKeyInfo. */
export function keyIdOf(spki: Uint8Array): Sha256Hex {
  return hash('sha256', spki, 'hex')
}

// The key alone chooses the scheme, never the record. RSA is PKCS #1 v1.5.
const schemes = new Map([
  ['ec prime256v1', { digest: 'sha256' }],
  ['ec secp384r1', { digest: 'sha384' }],
  ['rsa', { digest: 'sha256' }],
])

function schemeOf(key: KeyObject): { readonly digest: string } | undefined {
  return schemes.get(keyKind(key))
}

function keyKind(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve
  return [key.asymmetricKeyType ?? 'secret', ...(curve === undefined ? [] : [curve])].join(' ')
}

function afterLength(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}
