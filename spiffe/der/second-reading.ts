/**
 * A second opinion on a certificate that is about to become a trust anchor.
 *
 * Our own writer made it and our own reader would read it back, so one mistake could be in both.
 * pkijs, which shares no code with either, must find the same facts. For what is rare: it takes
 * milliseconds, and it decides nothing about certificates from outside.
 */

import { fromBER } from 'asn1js'
import { BasicConstraints, Certificate, GeneralName } from 'pkijs'
import { SpiffeError } from '../spiffe-error.ts'
import { parseCertificate } from '../x509/certificate.ts'

const oids = { basicConstraints: '2.5.29.19', subjectAltName: '2.5.29.17', uri: 6 } as const

/** @throws {SpiffeError} when pkijs cannot read it, or reads anything else than we do. */
export function requireSecondReading(der: Uint8Array, uri: string): void {
  const ours = parseCertificate(der)
  const theirs = readByPkijs(der)
  const facts = [
    // A serial whose first bit is set has a zero byte before it in DER; ours is told without.
    [
      'serial number',
      ours.serial,
      hex(theirs.serialNumber.valueBlock.valueHexView).replace(/^(?:00)+/, ''),
    ],
    ['not before', ours.notBefore.getTime(), theirs.notBefore.value.getTime()],
    ['not after', ours.notAfter.getTime(), theirs.notAfter.value.getTime()],
    ['issuer', hex(ours.issuer), hex(theirs.issuer.toSchema().toBER())],
    ['subject', hex(ours.subject), hex(theirs.subject.toSchema().toBER())],
    ['public key', hex(ours.spki), hex(theirs.subjectPublicKeyInfo.toSchema().toBER())],
    ['authority', ours.isCa, isAuthority(theirs)],
    ['URI', uri, urisOf(theirs).join(' ')],
  ] as const
  for (const [name, mine, other] of facts)
    if (mine !== other)
      throw new SpiffeError(
        'ERR_CERTIFICATE',
        `two readers disagree on the ${name}: ${mine}, ${other}`,
      )
}

function readByPkijs(der: Uint8Array): Certificate {
  try {
    const { result, offset } = fromBER(der)
    if (offset !== der.length) throw new RangeError('trailing bytes')
    return new Certificate({ schema: result })
  } catch (cause) {
    throw new SpiffeError('ERR_CERTIFICATE', 'the second reader cannot read it', { cause })
  }
}

function isAuthority(certificate: Certificate): boolean {
  const value = parsedExtension(certificate, oids.basicConstraints)
  return value instanceof BasicConstraints && value.cA
}

function urisOf(certificate: Certificate): string[] {
  const value = parsedExtension(certificate, oids.subjectAltName)
  if (typeof value !== 'object' || value === null || !('altNames' in value)) return []
  const names: readonly unknown[] = Array.isArray(value.altNames) ? value.altNames : []
  return names.flatMap((name) =>
    name instanceof GeneralName && name.type === oids.uri ? [String(name.value)] : [],
  )
}

function parsedExtension({ extensions = [] }: Certificate, oid: string): unknown {
  return extensions.find(({ extnID }) => extnID === oid)?.parsedValue
}

function hex(bytes: Uint8Array | ArrayBuffer): string {
  return Buffer.from(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)).toString('hex')
}
