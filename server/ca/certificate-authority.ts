/**
 * The server's own authorities: two slots for each kind, rotated by the clock, journalled, published.
 *
 *   empty -> prepared -> active -> old -> (the slot is used again)
 *
 * An authority is in the bundle, in the same commit as in the journal, before it is first used.
 * Rotation waits for nobody. The journal belongs to one set of keys: keys that are not the
 * journal's end the start.
 */

import { EventEmitter } from 'node:events'
import type { Clock } from '../../runtime/clock.ts'
import type { Deadline, Deadlines } from '../../runtime/deadlines.ts'
import type { Logger } from '../../runtime/log.ts'
import { makeSpiffeId } from '../../spiffe/spiffe-id.ts'
import { nextPruneAt, pruneBundle, publishAuthority } from '../bundle/own-bundle.ts'
import { bundles } from '../datastore/collections/bundles.ts'
import {
  type AuthorityKind,
  type CaJournal,
  caJournals,
  type JournalledAuthority,
} from '../datastore/collections/ca-journals.ts'
import type { Actor } from '../datastore/collections/change-record.ts'
import { pruneIssuanceIntents } from '../datastore/collections/issuance-intents.ts'
import { type Transaction, transact } from '../datastore/collections/transaction.ts'
import type { Datastore } from '../datastore/datastore.ts'
import type { KeyManager, ManagedKey } from '../key-managers/key-manager.ts'
import { authorityKinds, type CaSettings, prepared } from './authority-kinds.ts'
import { activateNextAt, dueStep, nextStepAt, usable } from './authority-schedule.ts'
import {
  emptyJournal,
  freeSlot,
  ofKind,
  pruneJournals,
  requireOwnKeys,
  withActive,
  withAuthority,
  withoutSlot,
} from './journal.ts'
import { type NewSerial, randomSerial } from './serial-number.ts'
import { CaError } from './svid-issuer.ts'

export interface CaDeps {
  readonly store: Datastore
  readonly keys: KeyManager
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly logger: Logger
  readonly newSerial?: NewSerial
}

/** An authority and the key that signs for it. */
export interface SigningAuthority {
  readonly authority: JournalledAuthority
  readonly key: ManagedKey
}

export interface CaEvents {
  /** Published in the bundle, and to be used from the given time on. */
  prepared: [authority: JournalledAuthority, activateAt: Date]
  /** Signs from now on. */
  activated: [authority: JournalledAuthority]
}

/** Longest time between two looks at what is due, for what has no deadline of its own. */
const passEveryMs = 3600_000

/** After a pass that failed. */
const retryMs = 5000

export class CertificateAuthority {
  readonly events = new EventEmitter<CaEvents>()
  readonly settings: CaSettings
  readonly #deps: CaDeps
  readonly #actor: Actor
  #journal: CaJournal
  /** For as long as its key is in use; the same object while nothing changes. */
  readonly #signing = new Map<AuthorityKind, SigningAuthority>()
  #pass: Promise<void> | undefined
  #deadline: Deadline | undefined
  #isClosed = false

  private constructor(deps: CaDeps, settings: CaSettings, journal: CaJournal) {
    this.settings = settings
    this.#deps = deps
    this.#journal = journal
    this.#actor = {
      subject: makeSpiffeId(settings.trustDomain, '/spire/server'),
      door: 'server',
      action: 'rotate authorities',
    }
  }

  /**
   * Takes up the journal of these keys, or starts one, and does what is due. Throws a Failure
   * `corrupt` when keys and journal do not belong together.
   */
  static async open(deps: CaDeps, settings: CaSettings): Promise<CertificateAuthority> {
    const found = await deps.store.read((snapshot) => caJournals.get(snapshot, deps.keys.id))
    const journal = found ?? emptyJournal(deps.keys, settings.trustDomain)
    requireOwnKeys(journal, deps.keys, settings.trustDomain)
    const ca = new CertificateAuthority(deps, settings, journal)
    await ca.#doWhatIsDue()
    await ca.#arm()
    return ca
  }

  /** What is in the slots. */
  get authorities(): readonly JournalledAuthority[] {
    return this.#journal.authorities
  }

  /** The authority that signs now. Throws a CaError `ERR_CA_NO_AUTHORITY` when none can. */
  async signing(kind: AuthorityKind): Promise<SigningAuthority> {
    // The clock may have jumped over the end of the active authority, and a pass that is under way
    // may have looked before it did.
    for (let attempt = 0; attempt < 2 && this.#signingNow(kind) === undefined; attempt++) {
      await this.rotate()
    }
    const signing = this.#signingNow(kind)
    if (signing !== undefined) return signing
    throw new CaError('ERR_CA_NO_AUTHORITY', `there is no ${kind} authority to sign with`)
  }

  /** Does what is due now; it comes by itself in time. A failure is logged and tried again. */
  rotate(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#pass ??= this.#runPass()
    return this.#pass
  }

  /** Stops rotating; waits for what is under way. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#deadline?.cancel()
    await this.#pass
  }

  async #runPass(): Promise<void> {
    try {
      await this.#doWhatIsDue()
      await this.#arm()
    } catch (error) {
      this.#deps.logger.error({ err: error }, 'authorities could not be rotated')
      return this.#wakeAt(new Date(this.#deps.clock.now().getTime() + retryMs))
    } finally {
      this.#pass = undefined
    }
  }

  async #doWhatIsDue(): Promise<void> {
    for (const kind of this.#kinds()) {
      let step = dueStep(ofKind(this.#journal, kind), this.#deps.clock.now())
      while (step !== undefined) {
        await (step === 'prepare' ? this.#prepare(kind) : this.#activate(kind))
        step = dueStep(ofKind(this.#journal, kind), this.#deps.clock.now())
      }
    }
    await this.#prune()
  }

  /** Makes a key in the free slot; the journal lets go of the slot first, so that they never differ. */
  async #prepare(kind: AuthorityKind): Promise<void> {
    const { keys, clock, newSerial = randomSerial } = this.#deps
    const facts = authorityKinds[kind]
    const slot = freeSlot(this.#journal, kind)
    if (this.authorities.some((authority) => authority.slot === slot)) {
      await this.#change((journal) => withoutSlot(journal, slot))
    }
    const key = await keys.generateKey(slot, facts.keyType(this.settings))
    const made = await facts.make(key, this.settings, clock.now(), newSerial)
    const authority = prepared(made, key)
    await this.#change(async (journal, transaction) => {
      await publishAuthority(transaction, this.settings.trustDomain, made)
      return withAuthority(journal, authority)
    })
    const active = usable(ofKind(this.#journal, kind), 'active', clock.now())
    const activateAt = active === undefined ? clock.now() : activateNextAt(active)
    this.#deps.logger.info({ kind, authority: authority.keyId, activateAt }, 'authority prepared')
    this.events.emit('prepared', authority, activateAt)
  }

  async #activate(kind: AuthorityKind): Promise<void> {
    const next = usable(ofKind(this.#journal, kind), 'prepared', this.#deps.clock.now())
    if (next === undefined) return
    await this.#change((journal) => withActive(journal, next))
    const { keyId, notAfter } = next
    this.#deps.logger.info({ kind, authority: keyId, notAfter }, 'authority activated')
    this.events.emit('activated', { ...next, state: 'active' })
  }

  async #change(
    change: (journal: CaJournal, transaction: Transaction) => CaJournal | Promise<CaJournal>,
  ): Promise<void> {
    const { keys } = this.#deps
    const { result } = await transact(this.#deps, this.#actor, async (transaction) => {
      const found = await caJournals.get(transaction, keys.id)
      const journal = found ?? emptyJournal(keys, this.settings.trustDomain)
      const changed = await change(journal, transaction)
      await caJournals.put(transaction, changed)
      return changed
    })
    this.#journal = result
  }

  async #prune(): Promise<void> {
    const { store, clock, keys } = this.#deps
    const actor = { ...this.#actor, action: 'prune expired authorities' }
    await transact(this.#deps, actor, async (transaction) => {
      await pruneBundle(transaction, this.settings.trustDomain)
      await pruneJournals(transaction, keys.id)
    })
    await pruneIssuanceIntents(store, clock.now())
  }

  #signingNow(kind: AuthorityKind): SigningAuthority | undefined {
    const now = this.#deps.clock.now()
    const known = this.#signing.get(kind)
    const authority = usable(ofKind(this.#journal, kind), 'active', now)
    if (authority === undefined) return undefined
    if (known?.authority.keyId === authority.keyId) return known
    const key = this.#deps.keys.key(authority.slot)
    if (key === undefined) return undefined
    const signing = { authority, key }
    this.#signing.set(kind, signing)
    return signing
  }

  #kinds(): readonly AuthorityKind[] {
    return this.settings.jwtSvidsDisabled ? ['x509'] : ['x509', 'jwt']
  }

  async #arm(): Promise<void> {
    const now = this.#deps.clock.now()
    const { trustDomain } = this.settings
    const bundle = await this.#deps.store.read((snapshot) => bundles.get(snapshot, trustDomain))
    const due = [
      ...this.#kinds().map((kind) => nextStepAt(ofKind(this.#journal, kind), now).getTime()),
      (bundle && nextPruneAt(bundle)?.getTime()) ?? Number.POSITIVE_INFINITY,
      now.getTime() + passEveryMs,
    ]
    this.#wakeAt(new Date(Math.min(...due)))
  }

  #wakeAt(at: Date): void {
    this.#deadline?.cancel()
    if (this.#isClosed) return
    this.#deadline = this.#deps.deadlines.at(at, () => void this.rotate())
  }
}
