/**
 * TBSCertificates of X509-SVIDs from prepared DER: of each, only serial number, validity, common
 * name, public key, names and key id are written anew. X509-SVID sections 2 and 4.
 */

import {
  context,
  integer,
  namedBits,
  oid,
  sequence,
  utcOrGeneralizedTime,
} from '../../spiffe/der/writer.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import { keyUsageBit } from '../../spiffe/x509/extensions.ts'
import type { KeyType } from '../key-managers/key-manager.ts'
import { distinguishedName } from './distinguished-name.ts'
import {
  authorityKeyIdExtension,
  dnsName,
  extension,
  signatureAlgorithm,
  subjectKeyId,
  subjectKeyIdExtension,
  uriName,
} from './x509-parts.ts'

/** What all leaves of one authority have in common. */
export interface LeafIssuer {
  /** Name, DER. */
  readonly subject: Uint8Array
  readonly keyId: Uint8Array
  readonly keyType: KeyType
}

export interface LeafContent {
  readonly id: SpiffeId
  readonly publicKeySpki: Uint8Array
  readonly dnsNames: readonly string[]
  /** Positive, big-endian. */
  readonly serial: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
}

export type LeafTemplate = (content: LeafContent) => Uint8Array

/** Longest common name, RFC 5280 appendix A.1; a longer DNS name stands in the SAN alone. */
const maxCommonName = 64

const version3 = context(0, integer(2))

const constantExtensions = Buffer.concat([
  extension('keyUsage', namedBits(keyUsageBit.digitalSignature), { critical: true }),
  extension('extendedKeyUsage', sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
  extension('basicConstraints', sequence(), { critical: true }),
])

/** Prepares the part that is the same for all leaves of this issuer. */
export function leafTemplate(issuer: LeafIssuer): LeafTemplate {
  const algorithm = signatureAlgorithm[issuer.keyType]
  const extensions = Buffer.concat([constantExtensions, authorityKeyIdExtension(issuer.keyId)])
  return ({ id, publicKeySpki, dnsNames, serial, notBefore, notAfter }) =>
    sequence(
      version3,
      integer(serial),
      algorithm,
      issuer.subject,
      sequence(utcOrGeneralizedTime(notBefore), utcOrGeneralizedTime(notAfter)),
      subjectOf(dnsNames),
      publicKeySpki,
      context(
        3,
        sequence(
          extensions,
          subjectKeyIdExtension(subjectKeyId(publicKeySpki)),
          extension('subjectAltName', sequence(...dnsNames.map(dnsName), uriName(id))),
        ),
      ),
    )
}

const plainSubject = subjectNamed('')

function subjectOf([first]: readonly string[]): Uint8Array {
  return first === undefined || first.length > maxCommonName ? plainSubject : subjectNamed(first)
}

function subjectNamed(commonName: string): Uint8Array {
  return distinguishedName({
    country: ['US'],
    organization: ['SPIRE'],
    commonName,
    serialNumber: '',
  })
}
