/**
 * Who signed a chain: follows the writer's SVIDs and checks each checkpoint against the latest.
 *
 * An SVID that the record brings proves nothing by itself. At each checkpoint its chain is verified
 * against the bundle of the checkpoint's own time, so a record stays provable after its CA is gone.
 */

import type { X509BundleSource } from '../spiffe/bundle/x509-bundle.ts'
import { SpiffeError } from '../spiffe/spiffe-error.ts'
import type { SpiffeId } from '../spiffe/spiffe-id.ts'
import { type Certificate, parseCertificate } from '../spiffe/x509/certificate.ts'
import { verifyX509Svid, x509SvidId } from '../spiffe/x509/x509-svid.ts'
import type { LineFault } from './chain.ts'
import { checkpointBytes, isCheckpointSignature, keyIdOf, maxCheckpointLag } from './checkpoint.ts'
import type { ChainOrigin } from './cursor.ts'
import type { AuditRecord, CheckpointRecord, Sha256Hex, SvidFields } from './record.ts'
import type { TrustHistory } from './trust-history.ts'

export class Signatures {
  readonly #trust: TrustHistory
  #svid: WriterSvid | undefined
  #signedThrough: { readonly seq: number; readonly time: string } | undefined
  /** Of the last records: what a checkpoint may cover. */
  readonly #heads = new Map<number, { readonly head: Sha256Hex; readonly records: number }>()
  #records = 0
  #signedRecords = 0

  constructor(trust: TrustHistory) {
    this.#trust = trust
  }

  /** The last record that a checkpoint covers, and the signed time. */
  get signedThrough(): { readonly seq: number; readonly time: string } | undefined {
    return this.#signedThrough
  }

  /** How many records no checkpoint covers yet; checkpoints bear their own signature. */
  get unsigned(): number {
    return this.#records - this.#signedRecords
  }

  /** Takes the next record of a chain and its hash. */
  take(record: AuditRecord, head: Sha256Hex, origin: ChainOrigin): LineFault | undefined {
    const fault = this.#faultOf(record, origin)
    if (fault !== undefined) return { fault }
    if (record.kind !== 'checkpoint') this.#records++
    this.#heads.set(record.seq, { head, records: this.#records })
    for (const oldest of this.#heads.keys()) {
      if (this.#heads.size <= maxCheckpointLag) break
      this.#heads.delete(oldest)
    }
    return undefined
  }

  #faultOf(record: AuditRecord, origin: ChainOrigin): string | undefined {
    if (record.kind === 'svid') return this.#useSvid(record, origin.writer)
    if (record.kind === 'checkpoint') return this.#check(record, origin)
    return undefined
  }

  #useSvid({ certificates, keyId }: SvidFields, writer: SpiffeId): string | undefined {
    const chain = certificates.map((text) => Buffer.from(text, 'base64'))
    const leaf = refusedBy(() => leafOf(chain, writer))
    if ('refused' in leaf) return `has an SVID that is refused: ${leaf.refused}`
    if (keyIdOf(leaf.spki) !== keyId) return "names a key that is not its SVID's"
    this.#svid = new WriterSvid(chain, leaf, keyId)
    return undefined
  }

  #check(checkpoint: CheckpointRecord, { writer, chain }: ChainOrigin): string | undefined {
    const { headSeq, head, keyId, time, signature } = checkpoint
    const covered = this.#heads.get(headSeq)
    if (covered?.head !== head || headSeq <= (this.#signedThrough?.seq ?? -1))
      return `is a checkpoint of record ${headSeq} that does not match the chain`
    const svid = this.#svid
    if (svid?.keyId !== keyId) return "is signed with a key that is not the writer's latest"
    const bytes = checkpointBytes({ writer, chain, seq: headSeq, head, time })
    if (!isCheckpointSignature(svid.leaf.publicKey, bytes, Buffer.from(signature, 'base64url')))
      return 'has a signature that does not hold'
    const refusal = svid.refusalAt(new Date(time), this.#trust)
    if (refusal !== undefined) return `is signed with an SVID that is not trusted: ${refusal}`
    this.#signedThrough = { seq: headSeq, time }
    this.#signedRecords = covered.records
    return undefined
  }
}

/** An SVID from the chain, and for how long the last answer about it holds. */
class WriterSvid {
  readonly leaf: Certificate
  readonly keyId: Sha256Hex
  readonly #chain: readonly Uint8Array[]
  #trusted: { readonly by: X509BundleSource; readonly from: Date; readonly to: Date } | undefined

  constructor(chain: readonly Uint8Array[], leaf: Certificate, keyId: Sha256Hex) {
    this.leaf = leaf
    this.keyId = keyId
    this.#chain = chain
  }

  /** Why the SVID was not to be trusted at that time, or undefined when it was. */
  refusalAt(time: Date, trust: TrustHistory): string | undefined {
    const by = trust.at(time)
    const known = this.#trusted
    if (known !== undefined && known.by === by && time >= known.from && time <= known.to)
      return undefined
    const verified = refusedBy(() => verifyX509Svid(this.#chain, by, time))
    if ('refused' in verified) return verified.refused
    const from = new Date(Math.max(...verified.path.map((each) => each.notBefore.getTime())))
    this.#trusted = { by, from, to: verified.notAfter }
    return undefined
  }
}

function leafOf(chain: readonly Uint8Array[], writer: SpiffeId): Certificate {
  const [der] = chain
  if (der === undefined) throw new SpiffeError('ERR_X509_SVID', 'there is no certificate')
  const leaf = parseCertificate(der)
  const id = x509SvidId(leaf)
  if (id === writer) return leaf
  throw new SpiffeError('ERR_X509_SVID', `it is ${id}'s, and the writer is ${writer}`)
}

function refusedBy<T extends object>(verify: () => T): T | { readonly refused: string } {
  try {
    return verify()
  } catch (error) {
    if (error instanceof SpiffeError) return { refused: error.message }
    throw error
  }
}
