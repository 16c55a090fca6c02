/** `CreateJoinToken`: a token, and with `agent_id` the entry that gives the agent a second name. */

import { randomUUID } from 'node:crypto'
import { maxJoinTokenBytes } from '../../../attestors/node/join-token/payload.ts'
import { joinTokenAgentId } from '../../../attestors/node/join-token/server.ts'
import { secondsOf } from '../../../proto/convert/instant.ts'
import { workloadIdOf } from '../../../proto/convert/spiffe-id.ts'
import type { CreateJoinTokenRequest__Output } from '../../../proto/gen/spire/api/server/agent/v1/CreateJoinTokenRequest.ts'
import type { JoinToken } from '../../../proto/gen/spire/api/types/JoinToken.ts'
import type { RegistrationEntry } from '../../../registration/entry.ts'
import { Failure } from '../../../runtime/failure.ts'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../../../spiffe/trust-domain.ts'
import { joinTokenAliasSelector } from '../../attestation/agent-records.ts'
import type { Actor } from '../../datastore/collections/change-record.ts'
import { createEntry } from '../../datastore/collections/entries.ts'
import { addJoinToken } from '../../datastore/collections/join-tokens.ts'
import type { Mirror } from '../../datastore/collections/mirror.ts'
import { type CommitDeps, commitSeen } from '../commit.ts'
import { readPart } from '../item-status.ts'

export interface CreateJoinTokenDeps extends CommitDeps {
  readonly trustDomain: TrustDomain
  readonly entries: Mirror<RegistrationEntry>
}

export async function createJoinToken(
  deps: CreateJoinTokenDeps,
  { ttl, token: wanted, agentId }: CreateJoinTokenRequest__Output,
  actor: Actor,
): Promise<JoinToken> {
  if (ttl < 1) throw new Failure('invalid-argument', 'ttl is required, you must provide one')
  if (Buffer.byteLength(wanted) > maxJoinTokenBytes)
    throw new Failure('invalid-argument', `token is longer than ${maxJoinTokenBytes} bytes`)
  const alias =
    agentId === null
      ? undefined
      : readPart('invalid agent ID', () => workloadIdOf(agentId, deps.trustDomain))
  const token = wanted === '' ? randomUUID() : wanted
  const entry = alias === undefined ? undefined : aliasEntry(deps.trustDomain, token, alias)
  const expiresAt = new Date(deps.clock.now().getTime() + ttl * 1000)
  await commitSeen(
    deps,
    actor,
    async (transaction) => {
      if (!(await addJoinToken(transaction, { token, expiresAt })))
        throw new Failure('internal', 'failed to create token: the token exists already')
      if (entry === undefined) return
      const created = await createEntry(transaction, { ...entry, createdAt: transaction.now })
      if (created.outcome !== 'written')
        throw new Failure(
          'internal',
          'failed to create join token registration entry: there is one for this token',
        )
    },
    () => (entry === undefined ? [] : [deps.entries]),
  )
  return { value: token, expiresAt: secondsOf(expiresAt) }
}

function aliasEntry(
  trustDomain: TrustDomain,
  token: string,
  spiffeId: SpiffeId,
): Omit<RegistrationEntry, 'createdAt'> {
  const parentId = readTokenId(trustDomain, token)
  return {
    id: randomUUID(),
    spiffeId,
    parentId,
    selectors: [joinTokenAliasSelector(parentId)],
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
  }
}

function readTokenId(trustDomain: TrustDomain, token: string): SpiffeId {
  try {
    return joinTokenAgentId(trustDomain, token)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw new Failure(
      error.code,
      `failed to create join token registration entry: ${error.message}`,
      { cause: error },
    )
  }
}
