/**
 * Policies by app: one record holds everything that is in force for an app, so that a change of
 * several is one change and a watcher never sees half of it. Sources are kept by digest for as long
 * as decision records may name them, and every revision of an app's policies is kept too.
 */

import { z } from 'zod'
import { Failure } from '../../../runtime/failure.ts'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'
import { digestOf } from './change-record.ts'
import { bytesOf, Collection, type ReadsKeys } from './collection.ts'
import { dateText, jsonCodec, spiffeIdText } from './json-codec.ts'
import { numberSegment, recordKey } from './record-key.ts'
import type { Transaction } from './transaction.ts'

export interface StoredPolicy {
  /** Unique among the policies of its app. */
  readonly name: string
  /** Of the app when this policy last changed. */
  readonly revision: number
  /** SHA-256 of the source, lower-case hex. */
  readonly digest: string
  readonly appliedAt: Date
}

export interface AppPolicies {
  readonly app: SpiffeId
  /** Rises by one with each change of this app's policies; never reused. */
  readonly revision: number
  /** By name. */
  readonly policies: readonly StoredPolicy[]
}

/** What an app's policies are to become. */
export interface PolicyText {
  readonly name: string
  readonly source: string
}

/** Bounds of what is in force for one app. */
export const policyLimits = { perApp: 256, sourceBytes: 256 << 10 } as const

const schema: z.ZodType<AppPolicies> = z.strictObject({
  app: spiffeIdText,
  revision: z.int().positive(),
  policies: z.array(
    z.strictObject({
      name: z.string(),
      revision: z.int().positive(),
      digest: z.string(),
      appliedAt: dateText,
    }),
  ),
})

/** What is in force, by app. Read and mirror it freely; change it through `changePolicies` only. */
export const appPolicies = new Collection<AppPolicies>({
  name: 'app-policies',
  codec: jsonCodec(schema),
  idOf: ({ app }) => [app],
})

/** What was in force, by app and revision; never pruned. */
export const policyHistory = new Collection<AppPolicies>({
  name: 'policy-history',
  codec: jsonCodec(schema),
  idOf: ({ app, revision }) => [app, numberSegment(revision)],
})

/**
 * Puts policies in force and takes others out of it, in one step. A policy whose source is the same
 * keeps its revision; when nothing changes, neither does the app's. Throws a Failure
 * `resource-exhausted` over a limit.
 */
export async function changePolicies(
  transaction: Transaction,
  app: SpiffeId,
  change: { readonly put?: readonly PolicyText[]; readonly remove?: readonly string[] },
): Promise<AppPolicies> {
  const before = (await appPolicies.get(transaction, app)) ?? { app, revision: 0, policies: [] }
  const revision = before.revision + 1
  const byName = new Map(before.policies.map((policy) => [policy.name, policy]))
  for (const name of change.remove ?? []) byName.delete(name)
  for (const { name, source } of change.put ?? []) {
    const digest = await keepSource(transaction, source)
    if (byName.get(name)?.digest === digest) continue
    byName.set(name, { name, revision, digest, appliedAt: transaction.now })
  }
  const policies = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  if (policies.length > policyLimits.perApp)
    throw new Failure('resource-exhausted', `more than ${policyLimits.perApp} policies for ${app}`)
  if (isSame(before.policies, policies)) return before
  const after = { app, revision, policies }
  await appPolicies.put(transaction, after)
  await policyHistory.put(transaction, after)
  return after
}

/** Any source that was ever applied, by its digest. */
export async function policySource(reader: ReadsKeys, digest: string): Promise<string | undefined> {
  const found = await reader.get(sourceKey(digest))
  return found === undefined ? undefined : Buffer.from(bytesOf(found)).toString('utf8')
}

async function keepSource(transaction: Transaction, source: string): Promise<string> {
  const bytes = Buffer.from(source, 'utf8')
  if (bytes.length > policyLimits.sourceBytes)
    throw new Failure(
      'resource-exhausted',
      `a policy has more than ${policyLimits.sourceBytes} bytes`,
    )
  const digest = digestOf(bytes)
  if ((await transaction.get(sourceKey(digest))) === undefined) {
    transaction.put(sourceKey(digest), bytes)
  }
  return digest
}

function sourceKey(digest: string): Uint8Array {
  return recordKey('policy-source', digest)
}

function isSame(a: readonly StoredPolicy[], b: readonly StoredPolicy[]): boolean {
  return a.length === b.length && a.every((policy, index) => policy === b[index])
}
