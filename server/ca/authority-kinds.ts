/** The kinds of authority that a server has, each with two key slots and its way to be made. */

import { randomInt } from 'node:crypto'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import type { NewAuthority } from '../bundle/own-bundle.ts'
import type { AuthorityKind, JournalledAuthority } from '../datastore/collections/ca-journals.ts'
import type { KeyType, ManagedKey } from '../key-managers/key-manager.ts'
import { backdateMs } from './authority-schedule.ts'
import { type CaSubject, makeCaCertificate } from './ca-certificate.ts'
import type { NewSerial } from './serial-number.ts'
import { subjectKeyId } from './x509-parts.ts'

export interface CaSettings {
  readonly trustDomain: TrustDomain
  /** Lifetime of both kinds of authority. */
  readonly caTtlSeconds: number
  readonly x509KeyType: KeyType
  readonly jwtKeyType: KeyType
  readonly subject: CaSubject
  /** Then there are no JWT authorities. */
  readonly jwtSvidsDisabled: boolean
}

export interface AuthorityFacts {
  readonly slots: readonly [string, string]
  keyType(settings: CaSettings): KeyType
  /** What is published of a new key. */
  make(
    key: ManagedKey,
    settings: CaSettings,
    now: Date,
    newSerial: NewSerial,
  ): Promise<NewAuthority>
}

/** Slot names are SPIRE's. */
export const authorityKinds: Readonly<Record<AuthorityKind, AuthorityFacts>> = {
  x509: {
    slots: ['x509-CA-A', 'x509-CA-B'],
    keyType: ({ x509KeyType }) => x509KeyType,
    make: async (key, settings, now, newSerial) => {
      const { trustDomain, subject } = settings
      const validity = validityFrom(now, settings)
      const content = { trustDomain, subject, serial: newSerial(), ...validity }
      return {
        kind: 'x509',
        keyId: Buffer.from(subjectKeyId(key.spki)).toString('hex'),
        certificate: await makeCaCertificate(content, key),
        ...validity,
      }
    },
  },
  jwt: {
    slots: ['JWT-Signer-A', 'JWT-Signer-B'],
    keyType: ({ jwtKeyType }) => jwtKeyType,
    make: (key, settings, now) =>
      Promise.resolve({
        kind: 'jwt',
        keyId: randomKeyId(),
        publicKey: key.spki,
        ...validityFrom(now, settings),
      }),
  },
}

/** The journal's entry for a new authority. */
export function prepared(made: NewAuthority, key: ManagedKey): JournalledAuthority {
  const { kind, keyId, notBefore, notAfter } = made
  return {
    kind,
    slot: key.slot,
    state: 'prepared',
    keyId,
    publicKey: key.spki,
    ...(made.kind === 'x509' ? { certificate: made.certificate } : {}),
    notBefore,
    notAfter,
  }
}

/** Whole seconds, as certificates count. */
function validityFrom(
  now: Date,
  { caTtlSeconds }: CaSettings,
): { notBefore: Date; notAfter: Date } {
  const second = Math.floor(now.getTime() / 1000) * 1000
  return {
    notBefore: new Date(second - backdateMs),
    notAfter: new Date(second + caTtlSeconds * 1000),
  }
}

const keyIdCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function randomKeyId(): string {
  return Array.from({ length: 32 }, () => keyIdCharacters[randomInt(keyIdCharacters.length)]).join(
    '',
  )
}
