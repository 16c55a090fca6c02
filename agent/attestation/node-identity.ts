/**
 * The agent's own identity over time: taken from disk or attested, renewed at half its life, and
 * kept on disk together with its key. A crash between any two steps leaves one of them usable: the
 * server takes the old SVID until the new one is first used.
 */

import type { AgentNodeAttestor } from '../../attestors/node/node-attestor.ts'
import { Backoff, pause } from '../../runtime/backoff.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Deadlines } from '../../runtime/deadlines.ts'
import { Failure, type FailureCode, reasonOf } from '../../runtime/failure.ts'
import type { Logger } from '../../runtime/log.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import type { KeyManager } from '../key-managers/key-manager.ts'
import { spkiOf } from '../key-managers/key-manager.ts'
import { rejectionOf } from '../server-link/rejection.ts'
import type { ServerLink } from '../server-link/server-link.ts'
import type { AgentDataFile } from './agent-data.ts'
import { type AgentSvid, agentSvid } from './agent-svid.ts'
import { attest, renew } from './attest.ts'

export interface NodeIdentityDeps {
  readonly link: ServerLink
  readonly attestor: AgentNodeAttestor
  readonly keys: KeyManager
  readonly data: AgentDataFile
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly log: Logger
  /** Between 0 and 1. */
  readonly random: () => number
}

const waits = { firstMs: 500, mostMs: 30_000 } as const

/** Renewal comes at half of the SVID's life, up to this part of that half sooner or later. */
const jitter = 0.1

/**
 * Gives the link an identity: the one on disk while it is good, else by attestation, tried until
 * the server can be reached.
 *
 * @throws {Failure} the server's refusal, or the attestor's.
 */
export async function establishIdentity(
  deps: NodeIdentityDeps,
  signal: AbortSignal,
): Promise<void> {
  const { link, log } = deps
  const kept = await keptIdentity(deps)
  if (kept !== undefined) {
    log.info(
      { agentId: kept.id, expiresAt: kept.leaf.notAfter.toISOString() },
      'Using the SVID on disk',
    )
    link.setTrust({ ...link.trust, identity: kept })
    return
  }
  log.info('SVID is not found. Starting node attestation')
  await deps.keys.wipe()
  const key = await deps.keys.generate()
  const run = () => attest(link, deps.attestor, key, signal)
  const svid = await retrying(run, (error) => !isOutage(error), deps, signal)
  await adopt(deps, svid)
  log.info(
    { agentId: svid.id, reattestable: svid.isReattestable },
    'Node attestation was successful',
  )
}

/**
 * Renews for as long as the signal is not aborted.
 *
 * An SVID that ended while the server was away cannot be renewed; what workloads have is served on
 * as long as `isServing` says that there is something.
 *
 * @throws {Failure} only when this agent is one no longer: refused (see `rejectionOf`), or expired.
 */
export async function keepIdentity(
  deps: NodeIdentityDeps,
  isServing: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { link, keys, log } = deps
  while (!signal.aborted) {
    const { identity } = link.trust
    if (identity === undefined) throw new TypeError('there is no identity to keep')
    await untilTime(renewalTime(identity, deps), deps.deadlines, signal)
    signal.throwIfAborted()
    const key = await keys.generate()
    const run = () => renew(link, key, identity, signal)
    const isFinal = (error: unknown): boolean => {
      if (identity.leaf.notAfter <= deps.clock.now() && !isServing()) throw expired(identity)
      return rejectionOf(error) !== undefined
    }
    const svid = await retrying(run, isFinal, deps, signal)
    await adopt(deps, svid)
    log.info(
      { agentId: svid.id, expiresAt: svid.leaf.notAfter.toISOString() },
      'Agent SVID updated',
    )
  }
}

async function keptIdentity(deps: NodeIdentityDeps): Promise<AgentSvid | undefined> {
  const { data, keys, clock, link, log } = deps
  const { svid } = data.data
  const [first] = svid?.chain ?? []
  if (svid === undefined || first === undefined) return undefined
  try {
    const leaf = parseCertificate(first)
    const key = await keys.find(leaf.spki)
    if (key === undefined || leaf.notAfter <= clock.now()) return undefined
    return agentSvid({ ...svid, key }, link.trust.bundle.trustDomain)
  } catch (error) {
    log.warn({ reason: reasonOf(error) }, 'The SVID on disk cannot be used')
    return undefined
  }
}

/** The SVID is on disk before it is used, and its predecessor's key goes last. */
async function adopt({ link, keys, data }: NodeIdentityDeps, svid: AgentSvid): Promise<void> {
  const { chain, isReattestable } = svid
  await data.update({ svid: { chain, isReattestable } })
  link.setTrust({ ...link.trust, identity: svid })
  await keys.keepOnly(spkiOf(svid.key))
}

/** Tries again until it succeeds or an error is final. */
async function retrying<T>(
  run: () => Promise<T>,
  isFinal: (error: unknown) => boolean,
  { log }: NodeIdentityDeps,
  signal: AbortSignal,
): Promise<T> {
  const backoff = new Backoff(waits)
  for (;;) {
    try {
      return await run()
    } catch (error) {
      signal.throwIfAborted()
      if (isFinal(error)) throw error
      log.warn({ reason: reasonOf(error) }, 'The server gave no SVID for this agent; trying again')
    }
    await pause(backoff.nextMs(), signal)
    signal.throwIfAborted()
  }
}

const outages: readonly FailureCode[] = [
  'unavailable',
  'deadline-exceeded',
  'cancelled',
  'resource-exhausted',
  'internal',
]

/** Whether the server did not answer, as opposed to having refused. */
function isOutage(error: unknown): boolean {
  return error instanceof Failure && outages.includes(error.code)
}

function expired({ id }: AgentSvid): Failure {
  return new Failure(
    'failed-precondition',
    `the X509-SVID of ${id} expired before it was renewed`,
    {
      hint: 'attest the agent anew, with a new join token',
    },
  )
}

/** Half of what is left: an SVID may be dated back, so its beginning says little. */
function renewalTime({ leaf }: AgentSvid, { clock, random }: NodeIdentityDeps): Date {
  const now = clock.now().getTime()
  const halfMs = Math.max(leaf.notAfter.getTime() - now, 0) / 2
  return new Date(now + halfMs * (1 - jitter + 2 * jitter * random()))
}

async function untilTime(at: Date, deadlines: Deadlines, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      deadline.cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const deadline = deadlines.at(at, done)
    signal.addEventListener('abort', done)
  })
}
