/**
 * A certificate authority for tests: P-256 keys in memory, certificates in the shape that SPIRE
 * gives them. Validity, names and parents are the test's choice, so that expired, future, rotated
 * and foreign chains can be made.
 */

import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
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
import { writePem } from '../../spiffe/pem.ts'
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts'
import { parseTrustDomain, type TrustDomain } from '../../spiffe/trust-domain.ts'

export interface TestCaOptions {
  readonly commonName?: string
  /** Signs the new authority; itself unless given. */
  readonly parent?: TestCa
  readonly notBefore?: Date
  readonly notAfter?: Date
}

export interface TestSvidOptions {
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly dnsNames?: readonly string[]
  /** A new one unless given. */
  readonly key?: KeyObject
}

export interface TestSvid {
  /** DER, leaf first; intermediate authorities, but not the root. */
  readonly chain: readonly Uint8Array[]
  /** The same as PEM. */
  readonly chainPem: string
  readonly key: KeyObject
  /** PKCS #8. */
  readonly keyPem: string
}

/** Validity unless told: from an hour ago to an hour from now. */
export class TestCa {
  readonly trustDomain: TrustDomain
  readonly key: KeyObject
  /** DER Name. */
  readonly subject: Uint8Array
  /** DER. */
  readonly certificate: Uint8Array
  /** Authorities between this one and its root, this one first; empty for a root. */
  readonly intermediates: readonly Uint8Array[]

  constructor(trustDomain: string, options: TestCaOptions = {}) {
    this.trustDomain = parseTrustDomain(trustDomain)
    this.key = newKey()
    const { parent, commonName = `test CA ${randomBytes(4).toString('hex')}` } = options
    const subject = name(commonName)
    this.certificate = certificate({
      subject,
      key: this.key,
      issuer: parent ?? { key: this.key, subject },
      validity: validity(options),
      extensions: [
        extension('2.5.29.19', sequence(booleanTrue()), 'critical'),
        extension('2.5.29.15', namedBits(5, 6), 'critical'),
        extension('2.5.29.17', sequence(uriName(`spiffe://${trustDomain}`))),
      ],
    })
    this.subject = subject
    this.intermediates = parent === undefined ? [] : [this.certificate, ...parent.intermediates]
  }

  get certificatePem(): string {
    return writePem('CERTIFICATE', this.certificate)
  }

  /** An X509-SVID for a SPIFFE ID, or for a path in this trust domain. */
  svid(idOrPath: string, options: TestSvidOptions = {}): TestSvid {
    const text = idOrPath.startsWith('/') ? `spiffe://${this.trustDomain}${idOrPath}` : idOrPath
    const id = parseSpiffeId(text)
    const { key = newKey(), dnsNames = [] } = options
    const dns = dnsNames.map((each) => contextPrimitive(2, Buffer.from(each, 'latin1')))
    const leaf = certificate({
      subject: name('SPIRE'),
      key,
      issuer: this,
      validity: validity(options),
      extensions: [
        extension('2.5.29.19', sequence(), 'critical'),
        extension('2.5.29.15', namedBits(0), 'critical'),
        extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
        extension('2.5.29.17', sequence(uriName(id), ...dns)),
      ],
    })
    const chain = [leaf, ...this.intermediates]
    return {
      chain,
      chainPem: chain.map((der) => writePem('CERTIFICATE', der)).join(''),
      key,
      keyPem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    }
  }
}

interface CertificateParts {
  readonly subject: Uint8Array
  readonly key: KeyObject
  readonly issuer: { readonly key: KeyObject; readonly subject: Uint8Array }
  readonly validity: Uint8Array
  readonly extensions: readonly Uint8Array[]
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))

function certificate(parts: CertificateParts): Uint8Array {
  const { subject, key, issuer, extensions } = parts
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const body = sequence(
    context(0, integer(2)),
    integer(serial),
    ecdsaWithSha256,
    issuer.subject,
    parts.validity,
    subject,
    spkiOf(key),
    context(
      3,
      sequence(
        ...extensions,
        extension('2.5.29.14', octetString(keyIdOf(key))),
        extension('2.5.29.35', sequence(contextPrimitive(0, keyIdOf(issuer.key)))),
      ),
    ),
  )
  return sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, issuer.key)))
}

function extension(id: string, value: Uint8Array, critical?: 'critical'): Uint8Array {
  return sequence(oid(id), ...(critical ? [booleanTrue()] : []), octetString(value))
}

function uriName(uri: string): Uint8Array {
  return contextPrimitive(6, Buffer.from(uri, 'latin1'))
}

function name(commonName: string): Uint8Array {
  return sequence(setOf(sequence(oid('2.5.4.3'), utf8String(commonName))))
}

function validity({ notBefore, notAfter }: { notBefore?: Date; notAfter?: Date }): Uint8Array {
  const hour = 3_600_000
  return sequence(
    utcOrGeneralizedTime(notBefore ?? new Date(Date.now() - hour)),
    utcOrGeneralizedTime(notAfter ?? new Date(Date.now() + hour)),
  )
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

function spkiOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ format: 'der', type: 'spki' })
}

// RFC 5280 section 4.2.1.2 (1): of the key's bits, the last 65 bytes of an EC P-256 SPKI.
function keyIdOf(key: KeyObject): Uint8Array {
  return createHash('sha1').update(spkiOf(key).subarray(-65)).digest()
}
