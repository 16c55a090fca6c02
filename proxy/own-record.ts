/**
 * The proxy's record, signed with the proxy's own X509-SVID: opened once the Workload API has given
 * one, and told of each newer one. Checkpoints go to the agent.
 */

import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { checkpointSigner } from '../audit/checkpoint.ts'
import { X509Source } from '../clients/workload-api/index.ts'
import type { X509Svid } from '../clients/workload-api/x509-context.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Lifetime } from '../runtime/lifetime.ts'
import type { Logger } from '../runtime/log.ts'
import type { ProxyAgent } from './agent/proxy-agent.ts'
import type { ProxySettings } from './config.ts'
import { bootId } from './record/boot-id.ts'
import type { SignedCheckpoint } from './record/checkpointer.ts'
import { type Journal, openJournal } from './record/journal.ts'
import type { WriterSvid } from './record/writer-svid.ts'

export interface OwnRecordDeps {
  readonly agent: ProxyAgent
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Waits for the proxy's own SVID and opens the record in `data_dir/record`, for as long as
 * `lifetime`. Throws a Failure when the directory cannot be used, or the signal's reason.
 */
export async function openOwnRecord(
  { agentSocketPath, dataDir, durability }: ProxySettings,
  { agent, clock, log }: OwnRecordDeps,
  lifetime: Lifetime,
): Promise<Journal> {
  const source = lifetime.own(await ownSvid(agentSocketPath, log, lifetime.signal))
  const { id } = source.svid
  log.info({ spiffeId: id }, 'The proxy has its own SVID')
  const journal = lifetime.own(
    await openJournal(
      { directory: path.join(dataDir, 'record'), writer: id, durability },
      writerSvid(source.svid),
      {
        clock,
        randomBytes,
        boot: bootId(),
        onCheckpoint: (checkpoint) => {
          void report(checkpoint, { agent, clock, log }, lifetime.signal)
        },
        onProblem: (err) => {
          log.error({ err }, 'The record has a problem')
        },
      },
    ),
  )
  source.onChange(() => {
    const { svid } = source
    if (svid.id === id) journal.useSvid(writerSvid(svid))
    else log.error({ spiffeId: svid.id }, 'The proxy got another SPIFFE ID; restart it')
  })
  return journal
}

async function ownSvid(socketPath: string, log: Logger, signal: AbortSignal): Promise<X509Source> {
  let hasTold = false
  return await X509Source.open(
    {
      address: `unix://${socketPath}`,
      onRetry: (err) => {
        if (!hasTold) log.warn({ err }, 'The proxy has no SVID of its own yet; waiting')
        hasTold = true
      },
      waitStepMs: 250,
    },
    signal,
  )
}

function writerSvid({ chain, key }: X509Svid): WriterSvid {
  return { certificates: chain.map(({ der }) => der), sign: checkpointSigner(key) }
}

/** A checkpoint that does not arrive is no loss: the next one covers it. */
async function report(
  { chain, seq, head, time, signature }: SignedCheckpoint,
  { agent, log }: OwnRecordDeps,
  signal: AbortSignal,
): Promise<void> {
  try {
    const checkpoint = {
      chain,
      sequence: String(seq),
      head: Buffer.from(head, 'hex'),
      time,
      signature: Buffer.from(signature),
    }
    await agent.reportCheckpoint(checkpoint, signal)
  } catch (err) {
    if (!signal.aborted) log.debug({ err }, 'A checkpoint was not taken')
    return
  }
}
