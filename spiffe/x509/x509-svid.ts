// X509-SVIDs: the leaf profile (X509-SVID sections 2 to 4) and the validation of a presented chain
// (section 5) against the bundle of the leaf's own trust domain, never a pool of several.

import { createHash } from 'node:crypto'

import type { X509BundleSource } from '../bundle/x509-bundle.ts'
import { bitStringBytesOf, derTag, readDer } from '../der/reader.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { parseSpiffeId, pathOf, type SpiffeId, trustDomainOf } from '../spiffe-id.ts'
import { type Certificate, parseCertificate } from './certificate.ts'
import { extensionOid, keyUsageBit } from './extensions.ts'
import { verifyPath } from './verify-path.ts'

/** Most certificates in a presented chain. */
export const maxChainCertificates = 16

const purposes = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'] as const

/** An X509-SVID that was valid at the time given to `verifyX509Svid`, and how it was. */
export interface VerifiedX509Svid {
  readonly id: SpiffeId
  readonly leaf: Certificate
  /** Leaf first, trust anchor last. */
  readonly path: readonly Certificate[]
  /** Key id of the CA that signed the leaf, lower-case hex; SPIRE's authority ID. */
  readonly issuerKeyId: string
  /** Earliest notAfter of the path. */
  readonly notAfter: Date
}

/**
 * Verifies a presented chain, leaf first. Throws `SpiffeError`: the code says whether bytes, the
 * SVID profile or the path was at fault.
 */
export function verifyX509Svid(
  chainDer: readonly Uint8Array[],
  bundles: X509BundleSource,
  now: Date,
): VerifiedX509Svid {
  if (chainDer.length > maxChainCertificates) {
    throw refuse(`chain has more than ${maxChainCertificates} certificates`)
  }
  const [leaf, ...intermediates] = chainDer.map(parseCertificate)
  if (leaf === undefined) throw refuse('chain is empty')
  const id = x509SvidId(leaf)
  const trustDomain = trustDomainOf(id)
  const bundle = bundles.x509Bundle(trustDomain)
  if (bundle === undefined) throw refuse(`no X.509 bundle for trust domain "${trustDomain}"`)
  const path = verifyPath(leaf, intermediates, bundle.authorities, now)
  const [, issuer] = path
  if (issuer === undefined) throw refuse('the leaf is an X.509 authority itself')
  const notAfter = new Date(Math.min(...path.map((member) => member.notAfter.getTime())))
  return { id, leaf, path, issuerKeyId: keyIdOf(issuer), notAfter }
}

/**
 * The SPIFFE ID of a leaf that keeps to the X509-SVID profile. Says nothing about who signed it.
 * Throws `ERR_X509_SVID` or `ERR_SPIFFE_ID`.
 */
export function x509SvidId(leaf: Certificate): SpiffeId {
  const { keyUsage, extendedKeyUsage } = leaf.extensions
  const uris = uriNames(leaf)
  const [uri] = uris
  if (uri === undefined) throw refuse('certificate contains no URI SAN')
  if (uris.length > 1) throw refuse('certificate contains more than one URI SAN')
  const id = parseSpiffeId(uri)
  if (pathOf(id) === '') throw refuse('SPIFFE ID of a leaf has no path')
  if (leaf.isCa) throw refuse('leaf certificate with CA flag set to true')
  if (keyUsage === undefined) throw refuse('leaf certificate without key usage')
  if (keyUsage.has(keyUsageBit.keyCertSign)) {
    throw refuse('leaf certificate with KeyCertSign key usage')
  }
  if (keyUsage.has(keyUsageBit.cRLSign)) throw refuse('leaf certificate with KeyCrlSign key usage')
  if (!keyUsage.has(keyUsageBit.digitalSignature)) {
    throw refuse('leaf certificate without digitalSignature key usage')
  }
  if (extendedKeyUsage && !purposes.every((purpose) => extendedKeyUsage.includes(purpose))) {
    throw refuse('extended key usage lacks serverAuth or clientAuth')
  }
  return id
}

/**
 * What our own CA demands of a leaf before it signs it, beyond the profile: everything a strict
 * peer could miss. The signature is not looked at, so a placeholder will do. Throws `SpiffeError`.
 */
export function lintX509Svid(der: Uint8Array): void {
  const leaf = parseCertificate(der)
  x509SvidId(leaf)
  const { critical, keyUsage, extendedKeyUsage, present } = leaf.extensions
  const isSubjectEmpty = leaf.subjectName.relativeNames.length === 0
  const known: ReadonlySet<string> = new Set(Object.values(extensionOid))
  const demands: readonly (readonly [boolean, string])[] = [
    [leaf.version === 3, 'certificate is not of version 3'],
    [leaf.notBefore < leaf.notAfter, 'validity ends before it begins'],
    [leaf.serial.length >= 16, 'serial number has fewer than 64 bits'],
    [critical.has(extensionOid.keyUsage), 'key usage is not critical'],
    [keyUsage?.size === 1, 'key usage has more than digitalSignature'],
    [
      extendedKeyUsage?.length === purposes.length,
      'extended key usage is not serverAuth, clientAuth',
    ],
    [present.has(extensionOid.basicConstraints), 'basic constraints are missing'],
    [leaf.subjectKeyId !== undefined, 'subject key id is missing'],
    [leaf.authorityKeyId !== undefined, 'authority key id is missing'],
    [!present.has(extensionOid.nameConstraints), 'name constraints in a leaf'],
    [
      !isSubjectEmpty || critical.has(extensionOid.subjectAltName),
      'subject alternative names are not critical',
    ],
    [[...present].every((id) => known.has(id)), 'an extension is not known'],
  ]
  for (const [isMet, problem] of demands) if (!isMet) throw refuse(problem)
}

function uriNames({ extensions }: Certificate): string[] {
  return (extensions.subjectAltNames ?? []).flatMap((name) =>
    name.form === 'uri' ? [name.text] : [],
  )
}

/** The subject key id, or where the CA has none, what RFC 5280 section 4.2.1.2 (1) makes of its key. */
function keyIdOf(authority: Certificate): string {
  if (authority.subjectKeyId !== undefined) return authority.subjectKeyId
  const info = readDer(authority.spki, derTag.sequence, 'public key')
  info.expect(derTag.sequence, 'public key algorithm')
  const key = bitStringBytesOf(info.expect(derTag.bitString, 'public key').body, 'public key')
  return createHash('sha1').update(key).digest('hex')
}

function refuse(message: string): SpiffeError {
  return new SpiffeError('ERR_X509_SVID', message)
}
