/**
 * The identities of all processes with the same selectors: what the Workload API answers them, kept
 * up to date and encoded once for all.
 *
 *   none      no entry matches
 *   pending   entries match, and an X509-SVID is about to be signed
 *   ready     served
 *   lacking   entries match, and no X509-SVID could be had
 */

import type { RegistrationEntry } from '../../registration/entry.ts'
import { LiveValue } from '../live-value.ts'
import type { X509Svid } from '../sync/sign-x509-svids.ts'
import type { EncodedBundles } from './encoded-bundles.ts'
import type { Identity } from './identity.ts'
import { X509Answers } from './x509-answers.ts'

export interface IdentityState {
  readonly kind: 'none' | 'pending' | 'ready' | 'lacking'
  /** All that match, in the order of their ids. */
  readonly entries: readonly RegistrationEntry[]
  /** Those that have an SVID, in the same order; in another state than `ready` not for use. */
  readonly identities: readonly Identity[]
  readonly answers: X509Answers
  readonly bundles: EncodedBundles
}

/** What an entry has at this moment. */
export interface SvidSource {
  current(entry: RegistrationEntry): X509Svid | undefined
  isPending(entryId: string): boolean
}

/** How long what is served waits for an SVID that is about to be signed. */
const settleMs = 5000

export class IdentitySet {
  readonly selectors: ReadonlySet<string>
  readonly #svids: SvidSource
  readonly #state: LiveValue<IdentityState>
  #entries: readonly RegistrationEntry[] = []
  #bundles: EncodedBundles
  #timer: NodeJS.Timeout | undefined
  #hasWaited = false

  /** `entries` are those that match these selectors, in the order of their ids. */
  constructor(
    selectors: ReadonlySet<string>,
    svids: SvidSource,
    entries: readonly RegistrationEntry[],
    bundles: EncodedBundles,
  ) {
    this.selectors = selectors
    this.#svids = svids
    this.#bundles = bundles
    const answers = new X509Answers([], [], bundles)
    this.#state = new LiveValue({ kind: 'none', entries: [], identities: [], answers, bundles })
    this.refresh(entries, bundles)
  }

  get state(): IdentityState {
    return this.#state.value
  }

  get followers(): number {
    return this.#state.followers
  }

  /** The state now and after each change, the newest only. Ends when the signal is aborted. */
  follow(signal: AbortSignal): AsyncGenerator<IdentityState, void, undefined> {
    return this.#state.follow(signal)
  }

  matchesOneOf(entryIds: ReadonlySet<string>): boolean {
    return this.#entries.some(({ id }) => entryIds.has(id))
  }

  /** Takes over the entries that match now, and looks at their SVIDs anew. */
  refresh(entries: readonly RegistrationEntry[], bundles: EncodedBundles): void {
    this.#entries = entries
    this.#bundles = bundles
    const isPending = entries.some(({ id }) => this.#svids.isPending(id))
    if (!isPending) this.close()
    else if (!this.#hasWaited) this.#timer ??= this.#settleLater()
    this.#publish(isPending && !this.#hasWaited)
  }

  /** Stops waiting for what is about to be signed. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#hasWaited = false
  }

  #settleLater(): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timer = undefined
      this.#hasWaited = true
      this.#publish(false)
    }, settleMs)
    timer.unref()
    return timer
  }

  #publish(isWaiting: boolean): void {
    const before = this.#state.value
    const [entries, bundles] = [this.#entries, this.#bundles]
    const identities = entries.flatMap((entry) => {
      const svid = this.#svids.current(entry)
      return svid === undefined ? [] : [{ entry, svid }]
    })
    const kind = kindOf(before, entries, identities, isWaiting)
    if (kind === undefined) return
    const isSame =
      kind === before.kind &&
      bundles === before.bundles &&
      areSame(entries, before.entries) &&
      areSame(svidsOf(identities), svidsOf(before.identities))
    if (isSame) return
    const answers = new X509Answers(entries, identities, bundles)
    this.#state.set({ kind, entries, identities, answers, bundles })
  }
}

/** Undefined when what is published stays as it is for the moment. */
function kindOf(
  before: IdentityState,
  entries: readonly RegistrationEntry[],
  identities: readonly Identity[],
  isWaiting: boolean,
): IdentityState['kind'] | undefined {
  if (entries.length === 0) return 'none'
  if (!isWaiting) return identities.length > 0 ? 'ready' : 'lacking'
  if (before.kind !== 'ready') return 'pending'
  if (!hasLost(before.identities, identities)) return undefined
  return identities.length > 0 ? 'ready' : 'pending'
}

/** Whether something is served that may not be any more: that waits for nothing. */
function hasLost(served: readonly Identity[], now: readonly Identity[]): boolean {
  return served.some(
    ({ entry: { id, spiffeId } }) =>
      !now.some(({ entry }) => entry.id === id && entry.spiffeId === spiffeId),
  )
}

function svidsOf(identities: readonly Identity[]): X509Svid[] {
  return identities.map(({ svid }) => svid)
}

function areSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at])
}
