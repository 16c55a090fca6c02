/** `AttestAgent`: the request is looked at in SPIRE's order, the CSR before the token is touched. */

import type { ServerNodeAttestor } from '../../../attestors/node/server-node-attestor.ts'
import { x509SvidToWire } from '../../../proto/convert/svid.ts'
import type { AttestAgentRequest__Output } from '../../../proto/gen/spire/api/server/agent/v1/AttestAgentRequest.ts'
import type { AttestAgentResponse } from '../../../proto/gen/spire/api/server/agent/v1/AttestAgentResponse.ts'
import { Failure } from '../../../runtime/failure.ts'
import type { CallContext, Send } from '../../../runtime/grpc/handlers.ts'
import type { Logger } from '../../../runtime/log.ts'
import { readCsr } from '../../../spiffe/der/csr.ts'
import { type AdmissionDeps, type Applicant, admitAgent } from '../../attestation/admit-agent.ts'
import type { AttestedNode } from '../../datastore/collections/agents.ts'
import type { Mirror } from '../../datastore/collections/mirror.ts'
import type { AnyCaller } from '../caller.ts'
import { readPart } from '../item-status.ts'
import type { RateLimit } from '../rate-limit.ts'

export interface AttestAgentDeps extends AdmissionDeps {
  readonly agents: Mirror<AttestedNode>
  /** By type. */
  readonly nodeAttestors: ReadonlyMap<string, ServerNodeAttestor>
  /** Per address. */
  readonly attestationLimit: RateLimit
  /** All addresses together, under one key. */
  readonly totalAttestationLimit: RateLimit
  readonly ending: AbortSignal
  readonly log: Logger
}

/** An agent that says nothing is not waited for longer than this. */
const firstMessageMs = 30_000

export async function attestAgent(
  deps: AttestAgentDeps,
  messages: AsyncIterable<AttestAgentRequest__Output>,
  { caller, signal }: CallContext<AnyCaller>,
  send: Send<AttestAgentResponse>,
): Promise<void> {
  await limited(deps, caller, signal)
  const applicant = applicantOf(deps, await first(messages))
  const { agentId, canReattest } = applicant.attestation
  const { result: svid, revision } = await admitAgent(deps, applicant, caller.actor)
  await deps.agents.reached(revision, deps.ending)
  deps.log.info(
    { agentId, nodeAttestorType: applicant.attestationType, address: caller.address },
    'Agent attestation request completed',
  )
  await send({ step: 'result', result: { svid: x509SvidToWire(svid), reattestable: canReattest } })
}

async function limited(
  deps: AttestAgentDeps,
  { address }: AnyCaller,
  signal: AbortSignal,
): Promise<void> {
  await deps.attestationLimit.take(address, 1, signal)
  if (address !== undefined) await deps.totalAttestationLimit.take('all', 1, signal)
}

/** The first message; the stream goes on being read by nobody. */
async function first(
  messages: AsyncIterable<AttestAgentRequest__Output>,
): Promise<AttestAgentRequest__Output> {
  const iterator = messages[Symbol.asyncIterator]()
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Failure('deadline-exceeded', 'no attestation data came'))
    }, firstMessageMs)
  })
  try {
    const next = await Promise.race([iterator.next(), timeout])
    if (next.done === true)
      throw new Failure('invalid-argument', 'failed to receive request from stream: EOF')
    return next.value
  } finally {
    clearTimeout(timer)
  }
}

function applicantOf(deps: AttestAgentDeps, { params }: AttestAgentRequest__Output): Applicant {
  if (params === null || params === undefined) throw malformed('missing params')
  if (params.data === null) throw malformed('missing attestation data')
  if (params.params === null) throw malformed('missing X509-SVID parameters')
  const { type, payload } = params.data
  const { csr } = params.params
  if (csr.length === 0) throw malformed('missing CSR')
  if (type === '') throw malformed('missing attestation data type')
  if (payload.length === 0) throw malformed('missing attestation data payload')
  const attestor = deps.nodeAttestors.get(type)
  if (attestor === undefined)
    throw new Failure(
      'failed-precondition',
      `error getting node attestor: could not find node attestor type ${JSON.stringify(type)}`,
    )
  return {
    attestationType: type,
    csr: readPart('failed to parse CSR', () => readCsr(csr)),
    attestation: attestor.attest(payload),
  }
}

function malformed(problem: string): Failure {
  return new Failure('invalid-argument', `malformed param: ${problem}`)
}
