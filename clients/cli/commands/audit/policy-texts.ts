/**
 * The policies that `why` explains with: from files, or from the server when it can be reached. A
 * text is the one that decided exactly when its digest is the one in the record.
 */

import {
  type AccessPolicy,
  parseAccessPolicies,
  policyDigest,
} from '../../../../policy/access-policy.ts'
import type { PolicyRevision } from '../../../../policy/compile.ts'
import { PolicyError } from '../../../../policy/policy-error.ts'
import { Failure } from '../../../../runtime/failure.ts'
import { type SpiffeId, trustDomainOf } from '../../../../spiffe/spiffe-id.ts'
import { allPages } from '../../../admin-api/pages.ts'
import { type Io, UsageError } from '../../command.ts'
import { readInput } from '../input.ts'
import { atServer } from '../server-flags.ts'

/** The policies of one app, or why they cannot be had. */
export type PolicyTexts =
  | { readonly policies: readonly PolicyRevision[] }
  | { readonly absent: string }

/** @throws {UsageError} for a file that cannot be read or is no policy. */
export async function policiesFromFiles(
  app: SpiffeId,
  files: readonly string[],
  io: Io,
): Promise<PolicyTexts> {
  const parsed: AccessPolicy[] = []
  for (const file of files) parsed.push(...parse(await readInput(file, io), file, app))
  const ofApp = parsed.filter((policy) => policy.app === app)
  return { policies: ofApp.map((policy) => revisionOf(policy, '')) }
}

function parse(text: string, file: string, app: SpiffeId): AccessPolicy[] {
  try {
    return parseAccessPolicies(text, file, trustDomainOf(app))
  } catch (error) {
    if (error instanceof PolicyError) throw new UsageError(error.message)
    throw error
  }
}

/** What is in force now, from the server's private socket. */
export async function policiesFromServer(
  app: SpiffeId,
  server: { readonly instance: string; readonly socketPath: string },
  io: Io,
): Promise<PolicyTexts> {
  try {
    const found = await atServer(server, io, (api) => {
      const client = api.policies
      return allPages(
        (pageToken) => client.unary('ListPolicies', { app, pageToken }, { signal: io.signal }),
        (page) => page.policies,
      )
    })
    const policies = found.flatMap(({ source, revision, name }) =>
      parseAccessPolicies(source, name, trustDomainOf(app)).map((policy) =>
        revisionOf(policy, revision),
      ),
    )
    return { policies }
  } catch (error) {
    if (error instanceof Failure) return { absent: 'the server was not reached' }
    throw error
  }
}

function revisionOf(policy: AccessPolicy, revision: string): PolicyRevision {
  return { policy, revision, digest: policyDigest(policy.source) }
}
