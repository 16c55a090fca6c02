/**
 * Names the processes at the other end of one connection: procedures A, C and D of
 * docs/local-peers.md, which differ only in how the two sockets are looked at.
 *
 *   look -> is the near end the caller's? -> is a known process the holder? -> confirm
 *                                         -> else: scan, hold each, confirm, scan again
 *   confirm: same socket, attest, one identity, same socket, unchanged, look again
 *
 * Whatever changes on the way is tried again a few times and then refused; nothing is guessed.
 */
import { pause } from '../../runtime/backoff.ts'
import type { Peer } from '../../runtime/peer-credentials.ts'
import { socketCookie } from '../../runtime/socket-facts.ts'
import { failedWith, withDuplicate } from '../../runtime/syscalls.ts'
import type { FarEnd, Pair, Unaccepted } from './far-end.ts'
import type { HolderScan } from './holder-scan.ts'
import { descriptorsOf, type Holder, holds } from './holders.ts'
import { KnownProcess, type KnownProcesses } from './known-processes.ts'
import type { ProgramAge } from './program-age.ts'
import { type Refused, refused } from './refusal.ts'

/** A process that stays the same object, and the same process, for as long as it is known. */
export type PinnedProcess = Peer

/** What attestation finds: opaque here but for what comparing needs. */
export interface LocalIdentity {
  /** Equal exactly when two identities are. */
  readonly key: string
  /** Whether another program of the same user would not get it: selectors of path or hash. */
  readonly dependsOnExecutable: boolean
}

/** Finds the one identity of a process; undefined when it has none, or several to choose from. */
export type Attest<Identity extends LocalIdentity> = (
  process: PinnedProcess,
  signal: AbortSignal,
) => Promise<Identity | undefined>

export interface Question<Identity extends LocalIdentity> {
  /** Who asks: it must hold the near end. */
  readonly caller: Peer
  /** Its number for it, as it says. */
  readonly descriptor: number
  readonly establishedNs: bigint
  readonly attest: Attest<Identity>
  /** Looks at both ends anew. */
  look(): Pair | Unaccepted | Refused
}

export interface Parts {
  readonly known: KnownProcesses
  readonly scan: HolderScan
  readonly age: ProgramAge
  /** Whether duplicating a descriptor is refused to us, so that only its inode can be compared. */
  readonly comparesInodesOnly: boolean
}

export interface Named<Identity extends LocalIdentity> {
  readonly kind: 'named'
  readonly identity: Identity
  /** Of any of them. */
  readonly dependsOnExecutable: boolean
  /** All that hold the far end; the receiver releases them. */
  readonly processes: readonly KnownProcess[]
}

const limits = {
  attempts: 5,
  acceptMs: 2_000,
  holders: 16,
  knownTried: 64,
  descriptorsTried: 256,
} as const

/** A process and the descriptors under which it holds the far end. */
interface HeldEnd {
  readonly process: KnownProcess
  readonly descriptors: readonly number[]
}

/** Rejects with the signal's reason, or with what `attest` rejects with. */
export async function nameProcesses<Identity extends LocalIdentity>(
  question: Question<Identity>,
  parts: Parts,
  signal: AbortSignal,
): Promise<Named<Identity> | Refused> {
  const pair = await acceptedPair(question, signal)
  if (pair.kind === 'refused') return pair
  if (!isNearEndOf(question, pair.nearInode)) return refused('near-end-not-held')
  const recognised = recognise(question, pair.far, parts)
  if (recognised !== undefined) {
    const answer = await releasing([recognised], () =>
      confirm([recognised], pair.far, question, parts.comparesInodesOnly, signal),
    )
    if (answer.kind === 'named' || answer.reason !== 'unsettled') return answer
  }
  for (let attempt = 1; ; attempt++) {
    const held: HeldEnd[] = []
    const answer = await releasing(held, () => search(held, question, parts, signal))
    if (answer.kind === 'named' || answer.reason !== 'unsettled') return answer
    if (attempt === limits.attempts) return answer
  }
}

/** Waits until the other end has been accepted: only then does a process hold it. */
async function acceptedPair<Identity extends LocalIdentity>(
  { look }: Question<Identity>,
  signal: AbortSignal,
): Promise<Pair | Refused> {
  const giveUp = performance.now() + limits.acceptMs
  for (let waitMs = 0; ; waitMs = Math.min(Math.max(1, waitMs * 2), 16)) {
    const seen = look()
    if (seen.kind !== 'unaccepted') return seen
    if (performance.now() > giveUp) return refused('not-accepted')
    await pause(waitMs, signal)
    signal.throwIfAborted()
  }
}

function isNearEndOf<Identity extends LocalIdentity>(
  { caller, descriptor }: Question<Identity>,
  inode: number,
): boolean {
  const isHeld = (number: number): boolean => holds(caller.pid, number, inode)
  const found = isHeld(descriptor) || descriptorsOf(caller.pid).reverse().some(isHeld)
  return found && caller.isAlive()
}

/**
 * The fast path: a process known since before the connection was made, and still the same, holds
 * the far end. It cannot have inherited it from another program.
 */
function recognise<Identity extends LocalIdentity>(
  { establishedNs }: Question<Identity>,
  far: FarEnd,
  { known }: Parts,
): HeldEnd | undefined {
  const candidates = known
    .all()
    .filter(({ peer, knownSinceNs }) => peer.uid === far.uid && knownSinceNs < establishedNs)
    .slice(0, limits.knownTried)
  for (const process of candidates) {
    if (!holds(process.peer.pid, process.lastDescriptor, far.inode)) continue
    return { process: known.touch(process), descriptors: [process.lastDescriptor] }
  }
  let left: number = limits.descriptorsTried
  for (const process of candidates) {
    const newestFirst = descriptorsOf(process.peer.pid).reverse().slice(0, left)
    const descriptor = newestFirst.find((number) => holds(process.peer.pid, number, far.inode))
    if (descriptor !== undefined)
      return { process: known.touch(process), descriptors: [descriptor] }
    left -= newestFirst.length
    if (left <= 0) return undefined
  }
  return undefined
}

/** Does `work`, and lets go of the processes held for it unless they are named. */
async function releasing<Identity extends LocalIdentity>(
  held: readonly HeldEnd[],
  work: () => Promise<Named<Identity> | Refused>,
): Promise<Named<Identity> | Refused> {
  let answer: Named<Identity> | Refused | undefined
  try {
    answer = await work()
    return answer
  } finally {
    if (answer?.kind !== 'named') for (const { process } of held) process.release()
  }
}

/** One whole try: every holder, found twice and the same. Puts those it holds into `held`. */
async function search<Identity extends LocalIdentity>(
  held: HeldEnd[],
  question: Question<Identity>,
  { known, scan, age, comparesInodesOnly }: Parts,
  signal: AbortSignal,
): Promise<Named<Identity> | Refused> {
  const seen = question.look()
  if (seen.kind !== 'pair') return seen.kind === 'refused' ? seen : refused('unsettled')
  const holders = byPid(await unlessAborted(scan.holdersOf(seen.far.inode), signal))
  if (holders.size === 0) return refused('no-holder')
  if (holders.size > limits.holders) return refused('too-many-holders', `${holders.size} processes`)
  for (const [pid, descriptors] of holders) {
    const process = hold(pid, known)
    if (!(process instanceof KnownProcess)) return process
    held.push({ process, descriptors })
  }
  const answer = await confirm(held, seen.far, question, comparesInodesOnly, signal)
  if (answer.kind === 'refused') return answer
  const again = byPid(await unlessAborted(scan.holdersOf(seen.far.inode), signal))
  if (again.size !== holders.size || ![...again.keys()].every((pid) => holders.has(pid)))
    return refused('unsettled', 'the holders changed')
  if (!answer.dependsOnExecutable) return answer
  const { establishedNs } = question
  for (const { knownSinceNs, peer } of answer.processes)
    if (knownSinceNs >= establishedNs && !(await age.isOlderThan(peer, establishedNs, signal)))
      return refused('program-started-later', `process ${peer.pid}`)
  return answer
}

/** Attests every holder, between two checks that each is what it was and holds this socket. */
async function confirm<Identity extends LocalIdentity>(
  held: readonly HeldEnd[],
  far: FarEnd,
  { attest, look }: Question<Identity>,
  comparesInodesOnly: boolean,
  signal: AbortSignal,
): Promise<Named<Identity> | Refused> {
  const before = notHolding(held, far, comparesInodesOnly)
  if (before !== undefined) return before
  let identities: (Identity | undefined)[]
  try {
    identities = await Promise.all(held.map(({ process }) => attest(process.peer, signal)))
  } catch (error) {
    signal.throwIfAborted()
    // Attesting a process that has gone or changed may fail in any way; that is no failure of ours.
    const changed = notUnchanged(held)
    if (changed !== undefined) return changed
    throw error
  }
  signal.throwIfAborted()
  const identity = identities[0]
  const dependsOnExecutable = identities.some((each) => each?.dependsOnExecutable === true)
  for (const each of identities) {
    if (each === undefined || identity === undefined) return refused('no-identity')
    if (each.key !== identity.key) return refused('several-identities')
  }
  if (identity === undefined) return refused('no-holder')
  const after = notHolding(held, far, comparesInodesOnly) ?? notUnchanged(held)
  if (after !== undefined) return after
  const seen = look()
  if (seen.kind === 'refused') return seen
  if (seen.kind !== 'pair' || seen.far.inode !== far.inode || seen.far.cookie !== far.cookie)
    return refused('unsettled', 'the other end changed')
  for (const { process, descriptors } of held) process.lastDescriptor = descriptors[0] ?? 0
  const processes = held.map(({ process }) => process)
  return { kind: 'named', identity, dependsOnExecutable, processes }
}

/** Why not all of them hold this socket, and as the user that it belongs to: rule A8. */
function notHolding(
  held: readonly HeldEnd[],
  far: FarEnd,
  comparesInodesOnly: boolean,
): Refused | undefined {
  for (const { process, descriptors } of held) {
    const { peer } = process
    if (!descriptors.some((number) => isSocket(peer, number, far, comparesInodesOnly)))
      return refused('unsettled', `process ${peer.pid} let go`)
    const { effective, file } = peer.fingerprint.uids
    if (effective !== far.uid || file !== far.uid)
      return refused('other-user', `process ${peer.pid} is uid ${effective}, not ${far.uid}`)
  }
  return undefined
}

function notUnchanged(held: readonly HeldEnd[]): Refused | undefined {
  const changed = held.find(({ process }) => !process.peer.isUnchanged())
  return changed && refused('unsettled', `process ${changed.process.peer.pid} changed`)
}

/** Whether a descriptor of the process is this very socket: inode numbers alone can come again. */
function isSocket(
  { pid, pidfd }: Peer,
  descriptor: number,
  { inode, cookie }: FarEnd,
  comparesInodesOnly: boolean,
): boolean {
  if (!holds(pid, descriptor, inode)) return false
  try {
    return withDuplicate(pidfd, descriptor, socketCookie) === cookie
  } catch (error) {
    if (failedWith(error, 'EPERM')) return comparesInodesOnly
    // It was closed, or the process ended, since we looked.
    if (failedWith(error, 'EBADF', 'ESRCH', 'ENOTSOCK')) return false
    throw error
  }
}

function hold(pid: number, known: KnownProcesses): KnownProcess | Refused {
  try {
    return known.hold(pid)
  } catch (error) {
    if (failedWith(error, 'EACCES', 'EPERM')) return refused('unreadable', `process ${pid}`)
    if (failedWith(error, 'ESRCH', 'ENOENT', 'EINVAL', 'ERR_PEER_GONE'))
      return refused('unsettled', `process ${pid} is gone`)
    throw error
  }
}

function byPid(holders: readonly Holder[]): Map<number, number[]> {
  const descriptors = new Map<number, number[]>()
  for (const { pid, descriptor } of holders)
    descriptors.set(pid, [...(descriptors.get(pid) ?? []), descriptor])
  return descriptors
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  return await new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
