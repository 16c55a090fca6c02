/**
 * Signing X509-SVIDs, in two steps that cannot be swapped: every leaf is written and linted, its
 * intent is committed, and only then is it signed.
 */

import { createHash } from 'node:crypto'
import type { Clock } from '../../runtime/clock.ts'
import { isMemberOf, pathOf } from '../../spiffe/spiffe-id.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import { intentOf } from '../datastore/collections/issuance-intents.ts'
import type { Datastore, Operation } from '../datastore/datastore.ts'
import { backdateMs } from './authority-schedule.ts'
import type { CertificateAuthority, SigningAuthority } from './certificate-authority.ts'
import { type LeafTemplate, leafTemplate } from './leaf-template.ts'
import { LintedLeaf } from './linted-leaf.ts'
import { type NewSerial, randomSerial, serialText } from './serial-number.ts'
import {
  CaError,
  type IssuedX509Svid,
  type SvidIssuer,
  type X509SvidRequest,
} from './svid-issuer.ts'

export interface IssuerDeps {
  readonly ca: CertificateAuthority
  readonly store: Datastore
  readonly clock: Clock
  readonly newSerial?: NewSerial
}

/** Leaves written or signed before others get a turn of the event loop. */
const sliceLength = 32

/** The issuer of one CA. */
export function createSvidIssuer(deps: IssuerDeps): SvidIssuer {
  const templates = new WeakMap<SigningAuthority, LeafTemplate>()
  async function signX509Svids(
    requests: readonly X509SvidRequest[],
  ): Promise<readonly IssuedX509Svid[]> {
    if (requests.length === 0) return []
    const signing = await deps.ca.signing('x509')
    const template = templates.get(signing) ?? templateOf(signing)
    templates.set(signing, template)
    const drafts = await inSlices(requests, (request) => draftOf(request, signing, template, deps))
    await commitIntents(deps.store, drafts)
    return await inSlices(drafts, async ({ leaf, facts }) => ({
      ...facts,
      chain: [await leaf.sign()],
    }))
  }
  return {
    signX509Svids,
    signX509Svid: async (request) => {
      const [issued] = await signX509Svids([request])
      if (issued === undefined) throw new TypeError('one request has one answer')
      return issued
    },
  }
}

/** A leaf that was linted, and what will be told of it. */
interface Draft {
  readonly request: X509SvidRequest
  readonly leaf: LintedLeaf
  readonly facts: Omit<IssuedX509Svid, 'chain'>
}

function draftOf(
  request: X509SvidRequest,
  { authority, key }: SigningAuthority,
  template: LeafTemplate,
  { ca, clock, newSerial = randomSerial }: IssuerDeps,
): Draft {
  const { id, publicKeySpki, dnsNames = [], ttlSeconds } = request
  if (!isMemberOf(id, ca.settings.trustDomain) || pathOf(id) === '')
    throw new CaError('ERR_CA_REQUEST', `${id} is no identity of ${ca.settings.trustDomain}`)
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1)
    throw new CaError('ERR_CA_REQUEST', `a lifetime of ${ttlSeconds} s is not one or more seconds`)
  const second = Math.floor(clock.now().getTime() / 1000) * 1000
  const serial = newSerial()
  const validity = {
    notBefore: new Date(second - backdateMs),
    notAfter: new Date(Math.min(second + ttlSeconds * 1000, authority.notAfter.getTime())),
  }
  const content = { id, publicKeySpki, dnsNames, serial, ...validity }
  return {
    request,
    leaf: LintedLeaf.make(template, content, key),
    facts: { id, serial: serialText(serial), ...validity, issuerKeyId: authority.keyId },
  }
}

function templateOf({ authority, key }: SigningAuthority): LeafTemplate {
  if (authority.certificate === undefined)
    throw new TypeError('an X.509 authority has a certificate')
  const { subject } = parseCertificate(authority.certificate)
  return leafTemplate({ subject, keyId: Buffer.from(authority.keyId, 'hex'), keyType: key.type })
}

async function commitIntents(store: Datastore, drafts: readonly Draft[]): Promise<void> {
  const intents = drafts.map(({ request, leaf, facts }) =>
    intentOf({
      serial: facts.serial,
      id: facts.id,
      issuerKeyId: facts.issuerKeyId,
      notAfter: facts.notAfter,
      tbsDigest: createHash('sha256').update(leaf.tbs).digest('hex'),
      entryId: request.entryId,
      agentId: request.agentId,
    }),
  )
  const result = await store.commit([...checksOf(drafts), ...intents])
  if (!result.committed) throw superseded()
}

/** What the requests were decided on, each record once. */
function checksOf(drafts: readonly Draft[]): Operation[] {
  const checks = new Map<string, Operation & { kind: 'check' }>()
  for (const { key, revision } of drafts.flatMap(({ request }) => request.decidedOn ?? [])) {
    const name = Buffer.from(key).toString('latin1')
    const known = checks.get(name)
    if (known !== undefined && known.expected !== revision) throw superseded()
    checks.set(name, { kind: 'check', key, expected: revision })
  }
  return [...checks.values()]
}

function superseded(): CaError {
  return new CaError('ERR_CA_SUPERSEDED', 'what the request was decided on has changed meanwhile')
}

async function inSlices<A, B>(
  items: readonly A[],
  work: (item: A) => B | Promise<B>,
): Promise<readonly B[]> {
  const results: B[] = []
  for (let start = 0; start < items.length; start += sliceLength) {
    if (start > 0) await new Promise((resolve) => setImmediate(resolve))
    results.push(...(await Promise.all(items.slice(start, start + sliceLength).map(work))))
  }
  return results
}
