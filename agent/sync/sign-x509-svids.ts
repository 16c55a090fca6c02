/** Has X509-SVIDs signed by the server (`SVID/BatchNewX509SVID`), with keys made here. */

import type { KeyObject } from 'node:crypto'
import type { BatchNewX509SVIDResponse__Output } from '../../proto/gen/spire/api/server/svid/v1/BatchNewX509SVIDResponse.ts'
import type { RegistrationEntry } from '../../registration/entry.ts'
import type { Clock } from '../../runtime/clock.ts'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import type { Logger } from '../../runtime/log.ts'
import { writeCsr } from '../../spiffe/der/csr.ts'
import { parseCertificate } from '../../spiffe/x509/certificate.ts'
import { x509SvidId } from '../../spiffe/x509/x509-svid.ts'
import { generateKey, spkiOf, type WorkloadKeyType } from '../key-managers/key-manager.ts'
import { rejectionOf } from '../server-link/rejection.ts'
import type { ServerLink } from '../server-link/server-link.ts'

/** A workload's SVID, in the form in which it is handed out. */
export interface X509Svid {
  /** DER certificates without separator, leaf first. */
  readonly chain: Buffer
  /** PKCS#8 DER. */
  readonly key: Buffer
  readonly notAfter: Date
  /** Lower-case hex. */
  readonly serial: string
}

export type SignedOrNot = { readonly svid: X509Svid } | { readonly problem: string }

/**
 * Signs for several entries; the results are in their order. Undefined when the server could not be
 * asked.
 *
 * @throws {Failure} only when the server has refused this agent for good: see `rejectionOf`.
 */
export type SignX509Svids = (
  entries: readonly RegistrationEntry[],
  signal: AbortSignal,
) => Promise<readonly SignedOrNot[] | undefined>

export interface SignDeps {
  readonly link: ServerLink
  readonly keyType: WorkloadKeyType
  readonly clock: Clock
  readonly log: Logger
}

/** Keys made or requests signed between two turns of the event loop. */
const slice = 10

export function signerBy({ link, keyType, clock, log }: SignDeps): SignX509Svids {
  return async (entries, signal) => {
    const { trust } = link
    try {
      const keys = await makeKeys(entries.length, keyType)
      const params = await csrParams(entries, keys)
      const { results } = await link.use(({ svid }) =>
        svid.unary('BatchNewX509SVID', { params }, { signal }),
      )
      return entries.map((entry, at) => accept(entry, keys[at], results[at], clock.now()))
    } catch (error) {
      if (signal.aborted) return undefined
      if (rejectionOf(error) !== undefined && link.trust.identity === trust.identity) throw error
      log.warn({ reason: reasonOf(error), svids: entries.length }, 'Could not have SVIDs signed')
      return undefined
    }
  }
}

async function makeKeys(count: number, type: WorkloadKeyType): Promise<KeyObject[]> {
  const keys: KeyObject[] = []
  while (keys.length < count)
    keys.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(slice, count - keys.length) }, () => generateKey(type)),
      )),
    )
  return keys
}

async function csrParams(
  entries: readonly RegistrationEntry[],
  keys: readonly KeyObject[],
): Promise<{ entryId: string; csr: Buffer }[]> {
  const params: { entryId: string; csr: Buffer }[] = []
  for (const [at, { id, spiffeId }] of entries.entries()) {
    const key = keys[at]
    if (key === undefined) throw new TypeError('expected one key for each entry')
    params.push({ entryId: id, csr: Buffer.from(writeCsr({ key, uri: spiffeId })) })
    if (at % slice === slice - 1) await nextTurn()
  }
  return params
}

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
}

function accept(
  entry: RegistrationEntry,
  key: KeyObject | undefined,
  result: BatchNewX509SVIDResponse__Output['results'][number] | undefined,
  now: Date,
): SignedOrNot {
  if (key === undefined || result === undefined) return { problem: 'the server gave no result' }
  const { status, svid } = result
  if (status !== null && status.code !== 0) return { problem: status.message }
  try {
    return { svid: checked(entry, key, svid?.certChain ?? [], now) }
  } catch (error) {
    return { problem: reasonOf(error) }
  }
}

function checked(
  entry: RegistrationEntry,
  key: KeyObject,
  chain: readonly Buffer[],
  now: Date,
): X509Svid {
  const [first] = chain
  if (first === undefined) throw new Failure('protocol-error', 'the server sent no certificate')
  const leaf = parseCertificate(first)
  const id = x509SvidId(leaf)
  if (id !== entry.spiffeId)
    throw new Failure('protocol-error', `expected an SVID for ${entry.spiffeId}, got ${id}`)
  if (!Buffer.from(leaf.spki).equals(spkiOf(key)))
    throw new Failure('protocol-error', 'the SVID is for another key')
  if (leaf.notAfter <= now) throw new Failure('protocol-error', 'the SVID is over already')
  return {
    chain: Buffer.concat(chain),
    key: key.export({ format: 'der', type: 'pkcs8' }),
    notAfter: leaf.notAfter,
    serial: leaf.serial,
  }
}
