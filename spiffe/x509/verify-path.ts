// Certificate path building (RFC 4158) and validation (RFC 5280 section 6.1), without policies and
// revocation. Anchors are certificates and are held to the same rules as every CA, only their own
// signature is not looked at; an anchor need not be self-signed.
//
// The search goes from the leaf upwards, tries every candidate of the right name and spends from
// one budget, so that rings, meshes and many CAs of one name end with a refusal, not a stall.

import { createHash } from 'node:crypto'

import { SpiffeError } from '../spiffe-error.ts'
import type { Certificate } from './certificate.ts'
import { extensionOid, keyUsageBit, type NameConstraints } from './extensions.ts'
import {
  constraintsProblem,
  maxNameComparisons,
  nameComparisons,
  nameViolation,
} from './name-constraints.ts'
import { publicKeyWeakness } from './public-key.ts'
import { checkSignature } from './signature.ts'

/** What one verification may cost at most. */
export const pathLimits = {
  /** Certificates in a path, leaf and anchor included. */
  certificates: 16,
  /** Candidate issuers looked at. */
  candidates: 2000,
  /** Signatures verified. */
  signatures: 100,
} as const

/** Extensions that may be critical, because their rules are applied here or in `x509-svid.ts`. */
const understood: ReadonlySet<string> = new Set(Object.values(extensionOid))

const anyPurpose = '2.5.29.37.0'

/** RFC 5280 has these critical; as no policy tree is built, a CA that uses them is refused. */
const refusedExtensions = {
  '2.5.29.36': 'policy constraints',
  '2.5.29.54': 'limits on any-policy',
} as const

/**
 * The first valid path from the leaf to one of the anchors, leaf first, anchor last; the leaf alone
 * where it is an anchor itself. Throws `ERR_X509_PATH` with the rule that stopped the path that
 * came furthest.
 */
export function verifyPath(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  anchors: readonly Certificate[],
  now: Date,
): Certificate[] {
  const problem = problemOf(leaf, now) ?? leafProblem(leaf)
  if (problem !== undefined) throw refuse(`leaf: ${problem}`)
  const search = new Search(intermediates, anchors, now)
  const path = search.isAnchor(leaf) ? [leaf] : search.extend([leaf])
  if (path === undefined) throw search.failure
  return path
}

/** One search: the candidates, what has been spent, and the failure worth telling. */
class Search {
  readonly #issuersByName = new Map<string, Certificate[]>()
  readonly #anchors = new Set<string>()
  readonly #prints = new Map<Certificate, string>()
  readonly #signatures = new Map<string, SpiffeError | 'valid'>()
  readonly #now: Date
  #candidates = 0
  #failureDepth = 0
  failure: SpiffeError = refuse('no path leads from the leaf to a trust anchor')

  constructor(intermediates: readonly Certificate[], anchors: readonly Certificate[], now: Date) {
    this.#now = now
    const seen = new Set<string>()
    for (const anchor of anchors) this.#anchors.add(this.#print(anchor))
    for (const certificate of [...anchors, ...intermediates]) {
      const print = this.#print(certificate)
      if (seen.has(print)) continue
      seen.add(print)
      const name = certificate.subjectName.key
      this.#issuersByName.set(name, [...(this.#issuersByName.get(name) ?? []), certificate])
    }
  }

  isAnchor(certificate: Certificate): boolean {
    return this.#anchors.has(this.#print(certificate))
  }

  /** The path continued to an anchor, or undefined with `failure` set. */
  extend(path: readonly Certificate[]): Certificate[] | undefined {
    const child = path.at(-1)
    if (child === undefined) return undefined
    if (path.length === pathLimits.certificates) {
      return this.#fail(path, `path is longer than ${pathLimits.certificates} certificates`)
    }
    for (const issuer of this.#issuersOf(child)) {
      if (path.some((member) => isSameAuthority(member, issuer))) continue
      this.#candidates += 1
      if (this.#candidates > pathLimits.candidates) {
        return this.#fail(path, 'too many candidate paths')
      }
      const problem = problemOf(issuer, this.#now) ?? issuerProblem(issuer)
      if (problem !== undefined) {
        this.#fail(path, `issuer: ${problem}`)
        continue
      }
      const wrong = this.#signatureError(child, issuer)
      if (wrong !== undefined) {
        this.#fail(path, wrong.message, wrong)
        continue
      }
      const found = this.#finish([...path, issuer], issuer)
      if (found !== undefined) return found
    }
    return undefined
  }

  #finish(path: Certificate[], issuer: Certificate): Certificate[] | undefined {
    if (!this.isAnchor(issuer)) return this.extend(path)
    const problem = pathLengthProblem(path) ?? purposeProblem(path) ?? namesProblem(path)
    return problem === undefined ? path : this.#fail(path, problem)
  }

  /** Anchors first, then those whose key id is the wanted one, then the others. */
  #issuersOf(child: Certificate): Certificate[] {
    const candidates = this.#issuersByName.get(child.issuerName.key) ?? []
    const rank = (issuer: Certificate): number => {
      const isWanted =
        child.authorityKeyId !== undefined && issuer.subjectKeyId === child.authorityKeyId
      return (isWanted ? 0 : 2) + (this.isAnchor(issuer) ? 0 : 1)
    }
    return candidates.toSorted((a, b) => rank(a) - rank(b))
  }

  /** Each pair is verified once, however many paths lead over it. */
  #signatureError(child: Certificate, issuer: Certificate): SpiffeError | undefined {
    const pair = `${this.#print(child)} ${this.#print(issuer)}`
    const known = this.#signatures.get(pair)
    if (known !== undefined) return known === 'valid' ? undefined : known
    if (this.#signatures.size >= pathLimits.signatures)
      return refuse('too many signatures to verify')
    const result = signatureResult(child, issuer)
    this.#signatures.set(pair, result)
    return result === 'valid' ? undefined : result
  }

  #print(certificate: Certificate): string {
    const known = this.#prints.get(certificate)
    if (known !== undefined) return known
    const print = createHash('sha256').update(certificate.der).digest('base64')
    this.#prints.set(certificate, print)
    return print
  }

  #fail(path: readonly Certificate[], message: string, cause?: unknown): undefined {
    if (path.length <= this.#failureDepth) return
    this.#failureDepth = path.length
    this.failure = new SpiffeError('ERR_X509_PATH', message, { cause })
  }
}

/**
 * RFC 5280 6.1.3: what holds for every certificate of a path, whatever its place. Validity counts
 * in whole seconds, as it is written.
 */
function problemOf(certificate: Certificate, now: Date): string | undefined {
  const { notBefore, notAfter, extensions } = certificate
  if (now < notBefore) return 'certificate is not valid yet'
  if (now.getTime() >= notAfter.getTime() + 1000) return 'certificate has expired'
  for (const id of extensions.critical) {
    if (!understood.has(id)) return `critical extension ${id} is not understood`
  }
  for (const [id, name] of Object.entries(refusedExtensions)) {
    if (extensions.present.has(id)) return `${name} are not supported`
  }
  return publicKeyWeakness(certificate.publicKey)
}

function leafProblem(leaf: Certificate): string | undefined {
  const { version, isCa, subjectName, extensions } = leaf
  if (version !== 3) return `certificate is of version ${version}, expected 3`
  const { keyUsage, nameConstraints, subjectAltNames, critical } = extensions
  if (subjectName.relativeNames.length === 0) {
    if (subjectAltNames === undefined) return 'certificate has neither subject nor alternative name'
    if (!critical.has(extensionOid.subjectAltName)) {
      return 'subject is empty and the alternative names are not critical'
    }
  }
  if (isCa) return undefined
  if (keyUsage?.has(keyUsageBit.keyCertSign)) return 'key usage keyCertSign without being a CA'
  return nameConstraints === undefined ? undefined : 'name constraints without being a CA'
}

/** RFC 5280 6.1.4 (k) and (n). */
function issuerProblem({ isCa, extensions }: Certificate): string | undefined {
  if (!isCa) return 'certificate is not a CA'
  if (extensions.keyUsage?.has(keyUsageBit.keyCertSign) === false) {
    return 'key usage lacks keyCertSign'
  }
  return extensions.nameConstraints && constraintsProblem(extensions.nameConstraints)
}

/** RFC 5280 6.1.4 (l) and (m): CAs that are not self-issued count, the leaf does not. */
function pathLengthProblem(path: readonly Certificate[]): string | undefined {
  let allowedBelow =
    path.at(-1)?.extensions.basicConstraints?.pathLength ?? Number.POSITIVE_INFINITY
  for (const certificate of path.slice(1, -1).toReversed()) {
    if (!isSelfIssued(certificate)) {
      if (allowedBelow === 0) return 'path length constraint is exceeded'
      allowedBelow -= 1
    }
    const { pathLength } = certificate.extensions.basicConstraints ?? {}
    allowedBelow = Math.min(allowedBelow, pathLength ?? allowedBelow)
  }
  return undefined
}

/**
 * Purposes narrow from CA to CA, which RFC 5280 leaves open and every TLS implementation does: one
 * purpose at least has to be left that the whole path allows.
 */
function purposeProblem(path: readonly Certificate[]): string | undefined {
  const lists = path
    .map(({ extensions }) => extensions.extendedKeyUsage)
    .filter((list) => list !== undefined && !list.includes(anyPurpose))
  const [first = [anyPurpose], ...others] = lists
  return first.some((purpose) => others.every((list) => list?.includes(purpose)))
    ? undefined
    : 'no purpose is left that the whole path allows'
}

/** RFC 5280 6.1.3 (b) and (c), 6.1.4 (g): a self-issued CA is exempt, a self-issued leaf is not. */
function namesProblem(path: readonly Certificate[]): string | undefined {
  const constraints: NameConstraints[] = []
  let comparisons = 0
  for (const certificate of path.toReversed()) {
    if (certificate === path[0] || !isSelfIssued(certificate)) {
      comparisons += nameComparisons(certificate, constraints)
      if (comparisons > maxNameComparisons) return 'too many names to hold against constraints'
      const violation = nameViolation(certificate, constraints)
      if (violation !== undefined) return violation
    }
    const { nameConstraints } = certificate.extensions
    if (nameConstraints !== undefined) constraints.push(nameConstraints)
  }
  return undefined
}

function signatureResult(child: Certificate, issuer: Certificate): SpiffeError | 'valid' {
  try {
    checkSignature('the certificate', child, issuer.publicKey)
    return 'valid'
  } catch (error) {
    if (error instanceof SpiffeError) return error
    throw error
  }
}

function isSelfIssued({ subjectName, issuerName }: Certificate): boolean {
  return subjectName.key === issuerName.key
}

/** One name with one key: a second certificate of it cannot lead anywhere new. */
function isSameAuthority(a: Certificate, b: Certificate): boolean {
  return a.subjectName.key === b.subjectName.key && Buffer.from(a.spki).equals(b.spki)
}

function refuse(message: string): SpiffeError {
  return new SpiffeError('ERR_X509_PATH', message)
}
