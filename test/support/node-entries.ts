/** Entries and updates as an agent receives them, for tests of what it does with them. */

import type { StateUpdate } from '../../agent/sync/node-state.ts'
import type { RegistrationEntry } from '../../registration/entry.ts'
import type { SpiffeBundle } from '../../spiffe/bundle/spiffe-bundle.ts'
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import type { TestCa } from './test-ca.ts'

/** An entry of `example.org`; its path is its id unless told. */
export function nodeEntry(id: string, change: Partial<RegistrationEntry> = {}): RegistrationEntry {
  return {
    id,
    spiffeId: parseSpiffeId(`spiffe://example.org/${id}`),
    parentId: parseSpiffeId('spiffe://example.org/spire/agent/join_token/one'),
    selectors: [{ type: 'unix', value: 'uid:1000' }],
    x509SvidTtlSeconds: 0,
    jwtSvidTtlSeconds: 0,
    federatesWith: [],
    admin: false,
    downstream: false,
    expiresAt: undefined,
    dnsNames: [],
    storeSvid: false,
    hint: '',
    additionalAttributes: undefined,
    revisionNumber: 0,
    createdAt: new Date('2026-01-01T00:00:00Z'),
    ...change,
  }
}

/** The bundle of a test authority. */
export function nodeBundle({ trustDomain, certificate }: TestCa): SpiffeBundle {
  return {
    trustDomain,
    x509Authorities: [{ certificate: parseCertificate(certificate), tainted: false }],
    jwtAuthorities: [],
  }
}

let revision = 0

/** A difference to what the node holds. */
export function nodeUpdate(change: {
  readonly entries?: readonly RegistrationEntry[]
  readonly deleted?: readonly string[]
  readonly bundles?: readonly SpiffeBundle[]
}): StateUpdate {
  revision++
  return {
    revision: String(revision),
    isWhole: false,
    entries: new Map((change.entries ?? []).map((entry) => [entry.id, entry])),
    deletedEntries: new Set(change.deleted ?? []),
    bundles: new Map((change.bundles ?? []).map((bundle) => [bundle.trustDomain, bundle])),
    deletedBundles: new Set(),
    policies: new Map(),
  }
}
