/** Finds one decision in the record, by seeking, and its outcome, by reading on from there. */

import { existsSync } from 'node:fs'
import { openLine } from '../../../../audit/chain.ts'
import { type DecisionId, readDecisionId } from '../../../../audit/decision-id.ts'
import type { DecisionRecord, GapFields, OutcomeRecord } from '../../../../audit/record.ts'
import { findRecord, lineAt } from '../../../../audit/record-bytes.ts'
import { Failure } from '../../../../runtime/failure.ts'
import { chainFileIn, recordDirectory } from './record-files.ts'
import { RecordReader } from './record-reader.ts'

export interface FoundDecision {
  readonly file: string
  /** A gap stands for a decision that could not be written. */
  readonly record: DecisionRecord | GapFields
  /** Whether its hash follows from its content and the record before it. */
  readonly holds: boolean
  readonly outcome?: OutcomeRecord
}

/** How far behind its decision an outcome is looked for. */
const maxOutcomeDistance = 64 << 20

/** @throws {Failure} `not-found` when no directory has the chain, or the chain not the record. */
export async function findDecision(
  id: DecisionId,
  dirs: readonly string[],
): Promise<FoundDecision> {
  const { chain = '', seq = 0 } = readDecisionId(id) ?? {}
  for (const dir of dirs) {
    const file = chainFileIn(await recordDirectory(dir), chain)
    if (!existsSync(file)) continue
    const reader = new RecordReader(file)
    try {
      return find(reader, id, seq)
    } finally {
      reader.close()
    }
  }
  throw new Failure('not-found', `${dirs.join(', ')} has no record of chain ${chain}`, {
    hint: 'name the proxy that decided: -dir, its data_dir',
  })
}

function find(reader: RecordReader, id: DecisionId, seq: number): FoundDecision {
  const found = findRecord(reader, seq)
  const { path: file } = reader
  if (found?.record.kind === 'gap' && seq >= found.record.seq - found.record.lost)
    return { file, record: found.record, holds: found.holds }
  if (found?.record.kind !== 'decision' || found.record.decisionId !== id)
    throw new Failure('not-found', `${file} has no decision ${seq}`, {
      hint: `countersign audit verify -file ${file} -bundle FILE`,
    })
  const { record, holds, line } = found
  const outcome = record.verdict === 'deny' ? undefined : outcomeOf(reader, id, line.end)
  return { file, record, holds, ...(outcome === undefined ? {} : { outcome }) }
}

function outcomeOf(reader: RecordReader, id: DecisionId, from: number): OutcomeRecord | undefined {
  let line = lineAt(reader, from)
  for (; line !== undefined; line = lineAt(reader, line.end)) {
    if (line.offset - from > maxOutcomeDistance) return undefined
    // Most lines are told apart without being parsed.
    if (!line.text.includes(id)) continue
    const opened = openLine(line.text)
    if ('fault' in opened) return undefined
    const { record } = opened
    if (record.kind === 'outcome' && record.decisionId === id) return record
  }
  return undefined
}
