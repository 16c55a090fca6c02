/**
 * The CA's self-signed certificate: an X.509 authority of the trust domain. X509-SVID sections 2
 * and 4 for signing certificates; the subject holds the serial number, so that no two keys ever
 * share a name.
 */

import { requireSecondReading } from '../../spiffe/der/second-reading.ts'
import {
  booleanTrue,
  context,
  integer,
  namedBits,
  sequence,
  utcOrGeneralizedTime,
} from '../../spiffe/der/writer.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import { keyUsageBit } from '../../spiffe/x509/extensions.ts'
import type { ManagedKey } from '../key-managers/key-manager.ts'
import { distinguishedName } from './distinguished-name.ts'
import {
  authorityKeyIdExtension,
  certificateOf,
  extension,
  signatureAlgorithm,
  subjectKeyId,
  subjectKeyIdExtension,
  uriName,
} from './x509-parts.ts'

/** Subject of the CA's certificates, from `ca_subject`. */
export interface CaSubject {
  readonly country: readonly string[]
  readonly organization: readonly string[]
  /** Empty for none. */
  readonly commonName: string
}

export const defaultCaSubject: CaSubject = {
  country: ['US'],
  organization: ['SPIFFE'],
  commonName: '',
}

export interface CaCertificateContent {
  readonly trustDomain: TrustDomain
  readonly subject: CaSubject
  /** Positive, big-endian. */
  readonly serial: Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
}

/**
 * Makes the certificate and signs it with the key that it is about. DER; read back by a reader that
 * shares no code with the writer before anybody gets to see it.
 */
export async function makeCaCertificate(
  content: CaCertificateContent,
  key: ManagedKey,
): Promise<Uint8Array> {
  const algorithm = signatureAlgorithm[key.type]
  const keyId = subjectKeyId(key.spki)
  const name = distinguishedName({
    ...content.subject,
    serialNumber: BigInt(`0x${Buffer.from(content.serial).toString('hex')}`).toString(),
  })
  const tbs = sequence(
    context(0, integer(2)),
    integer(content.serial),
    algorithm,
    name,
    sequence(utcOrGeneralizedTime(content.notBefore), utcOrGeneralizedTime(content.notAfter)),
    name,
    key.spki,
    context(
      3,
      sequence(
        extension('keyUsage', namedBits(keyUsageBit.keyCertSign, keyUsageBit.cRLSign), {
          critical: true,
        }),
        extension('basicConstraints', sequence(booleanTrue()), { critical: true }),
        subjectKeyIdExtension(keyId),
        authorityKeyIdExtension(keyId),
        extension('subjectAltName', sequence(uriName(`spiffe://${content.trustDomain}`))),
      ),
    ),
  )
  const certificate = certificateOf(tbs, algorithm, await key.sign(tbs))
  requireSecondReading(certificate, `spiffe://${content.trustDomain}`)
  return certificate
}
