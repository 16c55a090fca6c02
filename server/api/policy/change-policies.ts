/**
 * `ApplyPolicies`, `DeletePolicy` and `DenyAll`: what is in force for an app is replaced in one
 * commit, after all of it was read, compiled and tested as it would be.
 */

import { type AccessPolicy, parseAccessPolicies } from '../../../policy/access-policy.ts'
import { denyAllPolicy } from '../../../policy/deny-all.ts'
import { PolicyError } from '../../../policy/policy-error.ts'
import { runPolicyTests, type TestFailure } from '../../../policy/run-tests.ts'
import { policyToWire } from '../../../proto/convert/policy.ts'
import type { ApplyPoliciesRequest__Output } from '../../../proto/gen/countersign/server/policy/v1/ApplyPoliciesRequest.ts'
import type { _countersign_server_policy_v1_ApplyPoliciesResponse_Result as Result } from '../../../proto/gen/countersign/server/policy/v1/ApplyPoliciesResponse.ts'
import type { DenyAllResponse } from '../../../proto/gen/countersign/server/policy/v1/DenyAllResponse.ts'
import type { Policy__Output } from '../../../proto/gen/countersign/types/Policy.ts'
import { Failure } from '../../../runtime/failure.ts'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../../../spiffe/trust-domain.ts'
import type { Actor } from '../../datastore/collections/change-record.ts'
import {
  type AppPolicies,
  appPolicies,
  changePolicies,
  policySource,
} from '../../datastore/collections/policies.ts'
import { Transaction } from '../../datastore/collections/transaction.ts'
import { type CommitDeps, commitSeen, type Follower } from '../commit.ts'

export interface PolicyChangeDeps extends CommitDeps {
  readonly trustDomain: TrustDomain
  readonly policies: Follower
}

const limits = {
  files: 100,
  /** All sources that are in force for one app. */
  bytesPerApp: 1 << 20,
  /** What fits in the header that carries a status message. */
  messageLength: 4000,
} as const

/** What is to be put in force, and the file that each policy came from. */
type GivenPolicies = ReadonlyMap<AccessPolicy, string>

interface Applied {
  readonly results: readonly Result[]
  readonly wrote: boolean
}

export async function applyPolicies(
  deps: PolicyChangeDeps,
  { files, dryRun }: ApplyPoliciesRequest__Output,
  actor: Actor,
): Promise<Result[]> {
  const given = readFiles(files, deps.trustDomain)
  const apply = (transaction: Transaction): Promise<Applied> => applyAll(deps, transaction, given)
  if (dryRun) {
    const tried = await deps.store.read((snapshot) =>
      apply(new Transaction(snapshot, actor, deps.clock.now())),
    )
    return [...tried.results]
  }
  const applied = await commitSeen(deps, actor, apply, ({ wrote }) =>
    wrote ? [deps.policies] : [],
  )
  return [...applied.results]
}

export async function deletePolicy(
  deps: PolicyChangeDeps,
  { app, name }: { readonly app: SpiffeId; readonly name: string },
  actor: Actor,
): Promise<void> {
  await commitSeen(
    deps,
    actor,
    async (transaction) => {
      const before = await appPolicies.get(transaction, app)
      if (before?.policies.some((policy) => policy.name === name) !== true)
        throw new Failure('not-found', `there is no policy ${JSON.stringify(name)} for ${app}`)
      await changePolicies(transaction, app, { remove: [name] })
    },
    () => [deps.policies],
  )
}

export async function denyAll(
  deps: PolicyChangeDeps,
  app: SpiffeId,
  actor: Actor,
): Promise<DenyAllResponse> {
  const { name, source } = denyAllPolicy(app)
  const done = await commitSeen(
    deps,
    actor,
    async (transaction) => {
      const before = await appPolicies.get(transaction, app)
      const replaced = (before?.policies ?? []).map((policy) => policy.name)
      const remove = replaced.filter((other) => other !== name)
      const after = await changePolicies(transaction, app, { remove, put: [{ name, source }] })
      return { after, replaced: remove, wrote: after !== before }
    },
    ({ wrote }) => (wrote ? [deps.policies] : []),
  )
  return { policy: wireOf(done.after, name, source), replaced: done.replaced }
}

async function applyAll(
  deps: PolicyChangeDeps,
  transaction: Transaction,
  fileOf: GivenPolicies,
): Promise<Applied> {
  const given = [...fileOf.keys()]
  const results = new Map<AccessPolicy, Result>()
  let wrote = false
  for (const app of new Set(given.map((policy) => policy.app))) {
    const put = given.filter((policy) => policy.app === app)
    const before = await appPolicies.get(transaction, app)
    check([...put, ...(await kept(deps, transaction, before, put))], fileOf)
    const after = await changePolicies(transaction, app, { put })
    wrote ||= after !== before
    for (const policy of put) results.set(policy, resultOf(policy, before, after))
  }
  return { results: given.flatMap((policy) => results.get(policy) ?? []), wrote }
}

/** The app's other policies, read again: they must go with the new ones. */
async function kept(
  { trustDomain }: PolicyChangeDeps,
  transaction: Transaction,
  before: AppPolicies | undefined,
  put: readonly AccessPolicy[],
): Promise<AccessPolicy[]> {
  const replaced = new Set(put.map(({ name }) => name))
  const policies: AccessPolicy[] = []
  for (const { name, digest } of before?.policies ?? []) {
    if (replaced.has(name)) continue
    const source = await policySource(transaction, digest)
    if (source === undefined)
      throw new Failure('corrupt', `the source of policy ${name} is missing`)
    policies.push(...read(source, name, trustDomain))
  }
  return policies
}

/** Throws a Failure unless all of an app's policies together are small enough and pass their tests. */
function check(policies: readonly AccessPolicy[], fileOf: GivenPolicies): void {
  const bytes = policies.reduce((sum, { source }) => sum + Buffer.byteLength(source), 0)
  if (bytes > limits.bytesPerApp)
    throw new Failure(
      'resource-exhausted',
      `the policies of ${policies[0]?.app} would have ${bytes} bytes, more than ${limits.bytesPerApp}`,
    )
  const { failures } = runPolicyTests(policies)
  if (failures.length === 0) return
  const lines = failures.map((failure) => failedTest(failure, policies, fileOf))
  throw new Failure('failed-precondition', shortened(lines))
}

function failedTest(
  { policy: name, index, test, decision }: TestFailure,
  policies: readonly AccessPolicy[],
  fileOf: GivenPolicies,
): string {
  const policy = policies.find((one) => one.name === name)
  const file = policy && fileOf.get(policy)
  const line = test.line + (file === undefined ? 0 : (policy?.firstLine ?? 1) - 1)
  const rule =
    decision.policy === undefined
      ? ''
      : ` by rule ${decision.policy.rule} of policy ${decision.policy.name}`
  return [
    `${file ?? `policy ${name} in force`}:${line}:${test.column}: spec.tests[${index}]: `,
    `expected ${test.expect}, got ${decision.verdict} (${decision.reason})${rule}; `,
    'correct the rules or what the test expects',
  ].join('')
}

/** All policies of all files, with every problem of every file. Throws a Failure. */
function readFiles(
  files: ApplyPoliciesRequest__Output['files'],
  trustDomain: TrustDomain,
): GivenPolicies {
  if (files.length === 0 || files.length > limits.files)
    throw new Failure(
      'invalid-argument',
      `expected 1 to ${limits.files} files with policies, got ${files.length}`,
    )
  const given = new Map<AccessPolicy, string>()
  const fileOfName = new Map<string, string>()
  const problems: string[] = []
  for (const { name, source } of files) {
    const file = name === '' ? 'policy.yaml' : name
    try {
      for (const policy of parseAccessPolicies(source, file, trustDomain)) {
        const key = `${policy.app} ${policy.name}`
        const before = fileOfName.get(key)
        if (before !== undefined) problems.push(namedTwice(policy, file, before))
        fileOfName.set(key, file)
        given.set(policy, file)
      }
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      problems.push(...error.message.split('\n'))
    }
  }
  if (problems.length > 0) throw new Failure('invalid-argument', shortened(problems))
  return given
}

function namedTwice({ name, app, firstLine }: AccessPolicy, file: string, before: string): string {
  return `${file}:${firstLine}:1: expected one policy named ${name} for ${app}, there is one in ${before}; rename or remove one of them`
}

function read(source: string, file: string, trustDomain: TrustDomain): AccessPolicy[] {
  try {
    return parseAccessPolicies(source, file, trustDomain)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw new Failure('invalid-argument', shortened(error.message.split('\n')), { cause: error })
  }
}

function shortened(lines: readonly string[]): string {
  const kept: string[] = []
  let length = 0
  for (const line of lines) {
    length += line.length + 1
    if (length > limits.messageLength && kept.length > 0) break
    kept.push(line.slice(0, limits.messageLength))
  }
  const left = lines.length - kept.length
  return [...kept, ...(left > 0 ? [`and ${left} more`] : [])].join('\n')
}

function resultOf(
  { name, source, tests }: AccessPolicy,
  before: AppPolicies | undefined,
  after: AppPolicies,
): Result {
  const was = before?.policies.find((policy) => policy.name === name)
  const is = after.policies.find((policy) => policy.name === name)
  const changed = was?.revision === is?.revision ? 'UNCHANGED' : 'UPDATED'
  return {
    policy: wireOf(after, name, source),
    change: was === undefined ? 'CREATED' : changed,
    testsPassed: tests.length,
  }
}

function wireOf(
  { app, policies }: AppPolicies,
  name: string,
  source: string,
): Policy__Output | null {
  const policy = policies.find((one) => one.name === name)
  return policy === undefined ? null : policyToWire({ ...policy, app, source })
}
