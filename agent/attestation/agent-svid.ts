/** The agent's own X509-SVID: what the server's answer must be before the agent lives by it. */

import type { KeyObject } from 'node:crypto'
import type { X509SVID__Output } from '../../proto/gen/spire/api/types/X509SVID.ts'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import { isMemberOf, pathOf, type SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../../spiffe/trust-domain.ts'
import { type Certificate, parseCertificate } from '../../spiffe/x509/certificate.ts'
import { x509SvidId } from '../../spiffe/x509/x509-svid.ts'
import { spkiOf } from '../key-managers/key-manager.ts'

export interface AgentSvid {
  readonly id: SpiffeId
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[]
  readonly leaf: Certificate
  readonly key: KeyObject
  /** Whether a new attestation is possible once this one has ended; else `RenewAgent` is. */
  readonly isReattestable: boolean
}

export interface AgentSvidParts {
  readonly chain: readonly Uint8Array[]
  readonly key: KeyObject
  readonly isReattestable: boolean
}

/** Where every agent's path begins. */
const agentPath = /^\/spire\/agent\/./

/**
 * The chain with its key, when the leaf is an agent's of this trust domain and is the key's. Who
 * signed it is not looked at: it came from a server that was verified, or from a private file.
 *
 * @throws {Failure} `protocol-error`
 */
export function agentSvid(parts: AgentSvidParts, trustDomain: TrustDomain): AgentSvid {
  const [first] = parts.chain
  if (first === undefined) throw unfit('the chain is empty')
  const { leaf, id } = readLeaf(first)
  if (!isMemberOf(id, trustDomain) || !agentPath.test(pathOf(id)))
    throw unfit(`expected an agent of trust domain ${trustDomain}, got ${id}`)
  if (!Buffer.from(leaf.spki).equals(spkiOf(parts.key)))
    throw unfit('the certificate is for another key')
  return { id, leaf, ...parts }
}

/** Takes the SVID out of an answer. @throws {Failure} `protocol-error` */
export function chainOf(wire: X509SVID__Output | null | undefined): readonly Uint8Array[] {
  if (!wire) throw unfit('the answer holds no X509-SVID')
  return wire.certChain
}

function readLeaf(der: Uint8Array): { leaf: Certificate; id: SpiffeId } {
  try {
    const leaf = parseCertificate(der)
    return { leaf, id: x509SvidId(leaf) }
  } catch (error) {
    throw unfit(reasonOf(error), error)
  }
}

function unfit(problem: string, cause?: unknown): Failure {
  return new Failure('protocol-error', `the agent's X509-SVID cannot be used: ${problem}`, {
    cause,
  })
}
