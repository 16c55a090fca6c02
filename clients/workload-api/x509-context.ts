/**
 * What one `FetchX509SVID` answer says: X509-SVIDs with their keys, and the bundles to verify peers
 * with. SPIFFE Workload API section 5.2. An answer with anything wrong in it is refused whole.
 */

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { X509SVID__Output } from '../../proto/gen/X509SVID.ts'
import type { X509SVIDResponse__Output } from '../../proto/gen/X509SVIDResponse.ts'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import {
  type X509Bundle,
  type X509BundleSource,
  x509BundleFromDer,
  x509BundleSet,
} from '../../spiffe/bundle/x509-bundle.ts'
import {
  parseSpiffeId,
  parseTrustDomainOrId,
  type SpiffeId,
  trustDomainOf,
} from '../../spiffe/spiffe-id.ts'
import { type Certificate, readCertificates } from '../../spiffe/x509/certificate.ts'
import { x509SvidId } from '../../spiffe/x509/x509-svid.ts'

/** An X509-SVID that this process may use. */
export interface X509Svid {
  readonly id: SpiffeId
  /** Leaf first, without the root. */
  readonly chain: readonly Certificate[]
  readonly leaf: Certificate
  readonly key: KeyObject
  /** What the operator calls it; empty when nothing. */
  readonly hint: string
}

export interface X509Context {
  /** At least one; the first is the default. */
  readonly svids: readonly X509Svid[]
  readonly defaultSvid: X509Svid
  /** The own trust domain's bundle and those it is federated with. */
  readonly bundles: X509BundleSource
}

/** @throws {Failure} `protocol-error` */
export function x509ContextOf(response: X509SVIDResponse__Output): X509Context {
  try {
    const svids = withoutRepeatedHints(response.svids).map(svidOf)
    const [defaultSvid] = svids
    if (defaultSvid === undefined) throw new Error('it holds no X509-SVID')
    return { svids, defaultSvid, bundles: x509BundleSet(bundlesOf(response)) }
  } catch (error) {
    throw new Failure('protocol-error', `unusable Workload API answer: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

function svidOf({ spiffeId, x509Svid, x509SvidKey, hint }: X509SVID__Output): X509Svid {
  const id = parseSpiffeId(spiffeId)
  const chain = readCertificates(x509Svid)
  const [leaf] = chain
  if (leaf === undefined) throw new Error(`the X509-SVID of ${id} holds no certificate`)
  if (x509SvidId(leaf) !== id) throw new Error(`the X509-SVID of ${id} is for another SPIFFE ID`)
  return { id, chain, leaf, key: keyOf(x509SvidKey, leaf, id), hint }
}

function keyOf(der: Buffer, leaf: Certificate, id: SpiffeId): KeyObject {
  const key = readKey(der, id)
  if (!createPublicKey(key).export({ format: 'der', type: 'spki' }).equals(leaf.spki))
    throw new Error(`the key of ${id} is not that of its certificate`)
  return key
}

function readKey(der: Buffer, id: SpiffeId): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch {
    // What the parser says may quote the key.
    throw new Error(`the key of ${id} is not PKCS#8`)
  }
}

/** Section 5.2.1: of several with the same hint the first counts. */
function withoutRepeatedHints(svids: readonly X509SVID__Output[]): X509SVID__Output[] {
  const seen = new Set<string>()
  return svids.filter(({ hint }) => hint === '' || seen.size < seen.add(hint).size)
}

function bundlesOf({ svids, federatedBundles }: X509SVIDResponse__Output): X509Bundle[] {
  const own = svids.map(({ spiffeId, bundle }) =>
    x509BundleFromDer(trustDomainOf(parseSpiffeId(spiffeId)), bundle),
  )
  const federated = Object.entries(federatedBundles).map(([name, der]) =>
    x509BundleFromDer(parseTrustDomainOrId(name), der),
  )
  return [...federated, ...own]
}
