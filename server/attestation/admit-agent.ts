/**
 * Attestation of a node: from what it presented to an SVID of its own.
 *
 * The SVID is signed before the agent is admitted, and handed out only after the one commit that
 * uses up the join token and writes the agent's record. So a token admits one agent however many
 * try at a time, and a server that is killed half-way leaves the token as it was.
 */

import type { NodeAttestation } from '../../attestors/node/server-node-attestor.ts'
import type { Clock } from '../../runtime/clock.ts'
import { Failure } from '../../runtime/failure.ts'
import type { Csr } from '../../spiffe/der/csr.ts'
import type { IssuedX509Svid, SvidIssuer } from '../ca/svid-issuer.ts'
import { type AttestedNode, agents } from '../datastore/collections/agents.ts'
import type { Actor } from '../datastore/collections/change-record.ts'
import { consumeJoinToken } from '../datastore/collections/join-tokens.ts'
import { type Transacted, Transaction, transact } from '../datastore/collections/transaction.ts'
import type { Datastore } from '../datastore/datastore.ts'

export interface AdmissionDeps {
  readonly store: Datastore
  readonly clock: Clock
  readonly issuer: SvidIssuer
  readonly agentTtlSeconds: number
}

/** What a node brings once its attestor has looked at it. */
export interface Applicant {
  readonly attestationType: string
  readonly attestation: NodeAttestation
  readonly csr: Csr
}

/** Throws a Failure for the agent when the token is no good or the agent is banned. */
export async function admitAgent(
  deps: AdmissionDeps,
  applicant: Applicant,
  actor: Actor,
): Promise<Transacted<IssuedX509Svid>> {
  const { attestation, attestationType } = applicant
  const { agentId } = attestation
  // Looked at once without effect, so that only who would be admitted makes the CA work.
  await deps.store.read((snapshot) =>
    claim(new Transaction(snapshot, actor, deps.clock.now()), attestation),
  )
  const svid = await deps.issuer.signX509Svid({
    id: agentId,
    publicKeySpki: applicant.csr.publicKeySpki,
    ttlSeconds: deps.agentTtlSeconds,
    agentId,
  })
  const { revision } = await transact(deps, actor, async (transaction) => {
    const before = await claim(transaction, attestation)
    await agents.put(transaction, {
      id: agentId,
      attestationType,
      serial: svid.serial,
      notAfter: svid.notAfter,
      pending: undefined,
      selectors: attestation.selectors,
      banned: false,
      canReattest: attestation.canReattest,
      agentVersion: before?.agentVersion ?? '',
      attestedAt: before?.attestedAt ?? transaction.now,
    })
  })
  return { result: svid, revision }
}

/** Uses up what the applicant may use once; the agent's record as it was. */
async function claim(
  transaction: Transaction,
  { agentId, joinToken }: NodeAttestation,
): Promise<AttestedNode | undefined> {
  if (joinToken !== undefined) await useToken(transaction, joinToken)
  const node = await agents.get(transaction, agentId)
  if (node?.banned === true)
    throw new Failure('permission-denied', 'failed to attest: agent is banned')
  return node
}

async function useToken(transaction: Transaction, token: string): Promise<void> {
  switch ((await consumeJoinToken(transaction, token)).outcome) {
    case 'consumed':
      return
    case 'expired':
      throw new Failure('invalid-argument', 'join token expired')
    case 'unknown':
      throw new Failure(
        'invalid-argument',
        'failed to attest: join token does not exist or has already been used',
      )
  }
}
