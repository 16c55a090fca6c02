/** The journal of this server's authorities: which keys it demands, and how it changes. */

import { Failure } from '../../runtime/failure.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import {
  type AuthorityKind,
  type CaJournal,
  caJournals,
  type JournalledAuthority,
} from '../datastore/collections/ca-journals.ts'
import type { Transaction } from '../datastore/collections/transaction.ts'
import type { KeyManager } from '../key-managers/key-manager.ts'
import { authorityKinds } from './authority-kinds.ts'

/** How long the journal of keys that nobody uses any more is kept. */
const keepJournalMs = 14 * 24 * 3600 * 1000

/** A journal without authorities, for keys that have none yet. */
export function emptyJournal(keys: KeyManager, trustDomain: TrustDomain): CaJournal {
  return { keyManagerId: keys.id, trustDomain, authorities: [] }
}

/**
 * Throws a Failure unless the journal is of this trust domain and each of its keys is in its slot:
 * signing with others would make SVIDs that no bundle vouches for.
 */
export function requireOwnKeys(
  journal: CaJournal,
  keys: KeyManager,
  trustDomain: TrustDomain,
): void {
  if (journal.trustDomain !== trustDomain)
    throw new Failure(
      'invalid-configuration',
      `the CA's keys are of trust domain ${journal.trustDomain}, not ${trustDomain}`,
      { hint: 'give another trust domain a data_dir of its own' },
    )
  for (const { slot, publicKey } of journal.authorities) {
    const key = keys.key(slot)
    if (key === undefined || !Buffer.from(publicKey).equals(key.spki))
      throw new Failure(
        'corrupt',
        `the key in slot ${slot} is ${key ? 'not' : 'missing, not'} the one in the CA's journal`,
        { hint: 'restore keys and datastore from the same backup, or start with new, empty keys' },
      )
  }
}

/** The slot for the next authority: not the one that is in use. */
export function freeSlot(journal: CaJournal, kind: AuthorityKind): string {
  const [first, second] = authorityKinds[kind].slots
  const active = ofKind(journal, kind).find(({ state }) => state === 'active')
  return active?.slot === first ? second : first
}

export function ofKind(journal: CaJournal, kind: AuthorityKind): readonly JournalledAuthority[] {
  return journal.authorities.filter((authority) => authority.kind === kind)
}

/** Without what is in the slot. */
export function withoutSlot(journal: CaJournal, slot: string): CaJournal {
  return {
    ...journal,
    authorities: journal.authorities.filter((authority) => authority.slot !== slot),
  }
}

/** With this authority in its slot. */
export function withAuthority(journal: CaJournal, added: JournalledAuthority): CaJournal {
  const others = withoutSlot(journal, added.slot)
  return { ...others, authorities: [...others.authorities, added] }
}

/** With this authority active, and any other of its kind that was, old. */
export function withActive(journal: CaJournal, activated: JournalledAuthority): CaJournal {
  return {
    ...journal,
    authorities: journal.authorities.map((authority) => {
      if (authority.kind !== activated.kind) return authority
      if (authority.keyId === activated.keyId) return { ...authority, state: 'active' }
      return authority.state === 'active' ? { ...authority, state: 'old' } : authority
    }),
  }
}

/** Removes the journals of keys whose authorities all expired long ago. */
export async function pruneJournals(transaction: Transaction, own: string): Promise<void> {
  const { values } = await caJournals.list(transaction)
  const horizon = transaction.now.getTime() - keepJournalMs
  for (const { keyManagerId, authorities } of values) {
    const isForgotten = authorities.every(({ notAfter }) => notAfter.getTime() < horizon)
    if (isForgotten && keyManagerId !== own) await caJournals.remove(transaction, keyManagerId)
  }
}
