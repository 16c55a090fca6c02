/** The X509-SVID that the writer signs its checkpoints with. */

import { keyIdOf } from '../../audit/checkpoint.ts'
import { listLimits, maxCertificateText } from '../../audit/read-record.ts'
import type { Sha256Hex, SvidFields } from '../../audit/record.ts'
import { SpiffeError } from '../../spiffe/spiffe-error.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'

export interface WriterSvid {
  /** DER, leaf first. */
  readonly certificates: readonly Uint8Array[]
  /** Signs with the leaf's key; `checkpointSigner` of audit/checkpoint.ts makes one. */
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

/** What a journal needs to know of a writer's SVID. */
export interface SigningSvid {
  readonly fields: SvidFields
  readonly keyId: Sha256Hex
  readonly sign: (bytes: Uint8Array) => Uint8Array
  readonly notBefore: Date
  readonly notAfter: Date
}

/** Throws TypeError without a leaf, SpiffeError for a chain that cannot be read or recorded. */
export function signingSvid(svid: WriterSvid): SigningSvid {
  const [leaf] = svid.certificates
  if (leaf === undefined) throw new TypeError('an SVID has a leaf certificate')
  const { spki, notBefore, notAfter } = parseCertificate(leaf)
  const keyId = keyIdOf(spki)
  const certificates = svid.certificates.map((der) => Buffer.from(der).toString('base64'))
  const isTooLong = certificates.some((text) => text.length > maxCertificateText)
  if (isTooLong || certificates.length > listLimits.certificates)
    throw new SpiffeError('ERR_X509_SVID', 'the chain of the SVID is too long for the record')
  return {
    fields: { kind: 'svid', certificates, keyId },
    keyId,
    sign: svid.sign,
    notBefore,
    notAfter,
  }
}
