/**
 * The last checkpoint of each record on this node, as the proxies report them. A record only grows:
 * a step back or another head at the same place is refused, and said loudly.
 */

import { LRUCache } from 'lru-cache'
import type { ReportCheckpointRequest__Output } from '../../proto/gen/countersign/agent/proxy/v1/ReportCheckpointRequest.ts'
import { Failure } from '../../runtime/failure.ts'
import type { Logger } from '../../runtime/log.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'

const limits = { chains: 10_000, chainLength: 128, signatureBytes: 1024, timeLength: 40 } as const
const headBytes = 32

interface Checkpoint {
  readonly sequence: bigint
  readonly head: Buffer
}

export class Checkpoints {
  readonly #last = new LRUCache<string, Checkpoint>({ max: limits.chains })
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  /** @throws {Failure} for a checkpoint that is none, or that contradicts an earlier one. */
  take(writer: SpiffeId, report: ReportCheckpointRequest__Output): void {
    const { chain, head } = checked(report)
    const sequence = BigInt(report.sequence)
    const key = `${writer} ${chain}`
    const before = this.#last.get(key)
    const contradicts =
      before !== undefined &&
      (sequence < before.sequence || (sequence === before.sequence && !head.equals(before.head)))
    if (contradicts) {
      this.#log.error(
        { writer, chain, sequence: report.sequence, before: String(before.sequence) },
        'A checkpoint contradicts an earlier one of the same record',
      )
      throw new Failure('failed-precondition', 'the checkpoint contradicts an earlier one')
    }
    this.#last.set(key, { sequence, head })
    this.#log.debug({ writer, chain, sequence: report.sequence }, 'Took a checkpoint')
  }
}

function checked(report: ReportCheckpointRequest__Output): ReportCheckpointRequest__Output {
  const { chain, head, time, signature } = report
  if (chain === '' || chain.length > limits.chainLength)
    throw invalid(`chain must have 1 to ${limits.chainLength} characters`)
  if (head.length !== headBytes) throw invalid(`head must have ${headBytes} bytes`)
  if (time.length > limits.timeLength || Number.isNaN(Date.parse(time)))
    throw invalid('time must be in the form of RFC 3339')
  if (signature.length === 0 || signature.length > limits.signatureBytes)
    throw invalid(`signature must have 1 to ${limits.signatureBytes} bytes`)
  return report
}

function invalid(problem: string): Failure {
  return new Failure('invalid-argument', problem)
}
