/**
 * Certificates of any shape, valid or not, for tests of those who read and verify them. What a test
 * does not say is as a sound P-256 certificate has it. `TestCa` is for tests that want a trust
 * domain that works.
 */

import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import {
  bitString,
  booleanTrue,
  context,
  contextPrimitive,
  integer,
  namedBits,
  octetString,
  oid,
  sequence,
  setOf,
  utcOrGeneralizedTime,
  utf8String,
} from '../../spiffe/der/writer.ts'
import { type Certificate, parseCertificate } from '../../spiffe/x509/certificate.ts'

/** The time at which everything is valid unless told otherwise. */
export const issueTime = new Date('2030-01-01T00:00:00Z')

export interface Wanted {
  /** Common name, or a DER Name. */
  readonly subject: string | Uint8Array
  /** Itself unless given. */
  readonly issuer?: Issued
  /** A new P-256 key unless given. */
  readonly key?: KeyObject
  readonly isCa?: boolean
  readonly pathLength?: number
  /** Bits; keyCertSign for a CA and digitalSignature for a leaf unless given; none if empty. */
  readonly keyUsage?: readonly number[]
  /** DER GeneralNames. */
  readonly names?: readonly Uint8Array[]
  /** Further extensions, in DER. */
  readonly extensions?: readonly Uint8Array[]
  readonly serial?: Uint8Array
  /** 3 unless given; below it there are no extensions. */
  readonly version?: 1 | 2
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** DER AlgorithmIdentifier and hash in place of ecdsa-with-SHA256. */
  readonly algorithm?: { readonly der: Uint8Array; readonly hash: string }
}

export interface Issued {
  readonly der: Uint8Array
  readonly name: Uint8Array
  readonly key: KeyObject
}

/** Makes a certificate. */
export function issue(wanted: Wanted): Issued {
  const { subject, isCa = false, names = [] } = wanted
  const name = typeof subject === 'string' ? commonName(subject) : subject
  const key = wanted.key ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const issuer = wanted.issuer ?? { name, key }
  const usage = wanted.keyUsage ?? (isCa ? [5, 6] : [0])
  const pathLength = wanted.pathLength === undefined ? [] : [integer(wanted.pathLength)]
  const constraints = sequence(...(isCa ? [booleanTrue()] : []), ...pathLength)
  const { der: algorithm, hash } = wanted.algorithm ?? {
    der: sequence(oid('1.2.840.10045.4.3.2')),
    hash: 'sha256',
  }
  const extensions = [
    extension('2.5.29.19', constraints, 'critical'),
    ...(usage.length === 0 ? [] : [extension('2.5.29.15', namedBits(...usage), 'critical')]),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names))]),
    ...(wanted.extensions ?? []),
  ]
  const body = sequence(
    ...(wanted.version === 1 ? [] : [context(0, integer((wanted.version ?? 3) - 1))]),
    integer(wanted.serial ?? Uint8Array.of(1)),
    algorithm,
    issuer.name,
    sequence(
      utcOrGeneralizedTime(wanted.notBefore ?? new Date('2029-01-01T00:00:00Z')),
      utcOrGeneralizedTime(wanted.notAfter ?? new Date('2031-01-01T00:00:00Z')),
    ),
    name,
    createPublicKey(key).export({ format: 'der', type: 'spki' }),
    ...(wanted.version === undefined ? [context(3, sequence(...extensions))] : []),
  )
  return { der: sequence(body, algorithm, bitString(sign(hash, body, issuer.key))), name, key }
}

/** What `issue` made, as its reader sees it. */
export function read({ der }: Issued): Certificate {
  return parseCertificate(der)
}

/** An extension from its id and contents. */
export function extension(id: string, value: Uint8Array, critical?: 'critical'): Uint8Array {
  return sequence(oid(id), ...(critical ? [booleanTrue()] : []), octetString(value))
}

/** A DER Name of one attribute. */
export function commonName(text: string): Uint8Array {
  return sequence(setOf(sequence(oid('2.5.4.3'), utf8String(text))))
}

/** GeneralNames. */
export const generalName = {
  email: (text: string) => contextPrimitive(1, Buffer.from(text, 'latin1')),
  dns: (text: string) => contextPrimitive(2, Buffer.from(text, 'latin1')),
  directory: (name: Uint8Array) => context(4, name),
  uri: (text: string) => contextPrimitive(6, Buffer.from(text, 'latin1')),
  ip: (...bytes: readonly number[]) => contextPrimitive(7, Uint8Array.from(bytes)),
  registeredId: (bytes: Uint8Array) => contextPrimitive(8, bytes),
} as const

/** A name constraints extension. */
export function nameConstraints(names: {
  readonly permitted?: readonly Uint8Array[]
  readonly excluded?: readonly Uint8Array[]
}): Uint8Array {
  const subtrees = (n: number, list: readonly Uint8Array[] = []): Uint8Array[] =>
    list.length === 0 ? [] : [context(n, ...list.map((base) => sequence(base)))]
  return extension(
    '2.5.29.30',
    sequence(...subtrees(0, names.permitted), ...subtrees(1, names.excluded)),
    'critical',
  )
}
