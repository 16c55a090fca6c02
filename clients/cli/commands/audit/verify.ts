/**
 * `audit verify`: proves that a record is intact, or names its first bad record. Exit code 0 when
 * everything is intact, 1 when something is not, 2 when the command was used wrongly.
 */

import { createReadStream } from 'node:fs'
import { absentChains, type LinkFault, linkFaults } from '../../../../audit/chain-links.ts'
import { isDecisionId, readDecisionId } from '../../../../audit/decision-id.ts'
import type { TrustHistory } from '../../../../audit/trust-history.ts'
import { type ChainReport, type KnownHead, verifyChain } from '../../../../audit/verify.ts'
import { defineCommand, type Io, UsageError } from '../../command.ts'
import { counted, outputFlag, shown } from '../../output.ts'
import { paint } from './paint.ts'
import { recordFiles, recordFlags } from './record-files.ts'
import { unreadable } from './record-reader.ts'
import { readTrust, trustFlags } from './trust.ts'

export const command = defineCommand({
  name: 'audit verify',
  summary: 'Proves that a record is intact, or names its first bad record',
  misuse: 2,
  flags: {
    ...recordFlags,
    ...trustFlags,
    head: {
      kind: 'list',
      help: 'A head that was printed earlier and kept elsewhere; shows that nothing before it is gone',
    },
    output: outputFlag,
  },
  run: async (given, io) => {
    const heads = readHeads(given.head)
    const trust = await readTrust(given, io)
    const files: VerifiedFile[] = []
    for (const file of await recordFiles(given))
      files.push({ file, report: await verifyFile(file, trust, heads) })
    const reports = files.map(({ report }) => report)
    const links = linkFaults(reports)
    const headsAbsent = [...heads.keys()].filter(
      (chain) => !reports.some((report) => report.chain === chain),
    )
    const isIntact =
      links.length + headsAbsent.length === 0 && reports.every((each) => each.verdict === 'intact')
    const result: Verification = {
      verdict: isIntact ? 'intact' : 'faulty',
      files,
      links,
      absent: absentChains(reports),
      headsAbsent,
    }
    if (given.output === 'json') io.out(`${JSON.stringify(result)}\n`)
    else print(result, io)
    return isIntact ? 0 : 1
  },
})

interface VerifiedFile {
  readonly file: string
  readonly report: ChainReport
}

/** The JSON form, one line. */
interface Verification {
  readonly verdict: 'intact' | 'faulty'
  readonly files: readonly VerifiedFile[]
  readonly links: readonly LinkFault[]
  /** Chains that one of the files goes on from, and that are not here. */
  readonly absent: readonly string[]
  /** Chains of which a head was kept, and that are not here. */
  readonly headsAbsent: readonly string[]
}

async function verifyFile(
  file: string,
  trust: TrustHistory,
  heads: ReadonlyMap<string, KnownHead>,
): Promise<ChainReport> {
  try {
    return await verifyChain(createReadStream(file), trust, heads)
  } catch (error) {
    throw unreadable(file, error)
  }
}

function readHeads(texts: readonly string[]): Map<string, KnownHead> {
  const heads = new Map<string, KnownHead>()
  for (const text of texts) {
    const [id = '', head = '', ...more] = text.split(':')
    const place = isDecisionId(id) ? readDecisionId(id) : undefined
    if (place === undefined || !/^[0-9a-f]{64}$/.test(head) || more.length > 0)
      throw new UsageError(`expected a head such as CHAIN-12:SHA256, got ${shown(text)}`)
    if (heads.has(place.chain)) throw new UsageError(`two heads of chain ${place.chain}`)
    heads.set(place.chain, { seq: place.seq, head })
  }
  return heads
}

function print({ verdict, files, links, absent, headsAbsent }: Verification, io: Io): void {
  for (const { file, report } of files) io.out(chainText(file, report, io))
  for (const { message } of links) io.out(`${paint(io, 'bad', 'FAULTY')}  ${message}\n`)
  for (const chain of headsAbsent)
    io.out(`${paint(io, 'bad', 'FAULTY')}  chain ${chain}, whose head was kept, is not here\n`)
  for (const chain of absent)
    io.out(`${paint(io, 'warning', 'note')}    chain ${chain} comes before these and is not here\n`)
  const count = counted(files.length, 'chain', 'chains')
  io.out(
    verdict === 'intact'
      ? `${paint(io, 'good', 'intact')}: ${count}\n`
      : `${paint(io, 'bad', 'FAULTY')}: ${count}; do not rely on what follows the fault\n`,
  )
}

function chainText(file: string, report: ChainReport, io: Io): string {
  const { chain, writer, fault, signedThrough, decisions, records } = report
  const { unsigned, unknownOutcomes, lost, unfinishedBytes } = report
  const last = `${chain}-${report.nextSeq - 1}`
  const lines: (readonly [string, string] | undefined)[] = [
    ['file', shown(file)],
    writer === undefined ? undefined : ['writer', writer],
    [
      'records',
      `${records}: ${decisions.allow} allowed, ${decisions.deny} denied, ${decisions['would-deny']} would be denied`,
    ],
    signedThrough === undefined
      ? undefined
      : ['signed', `through record ${signedThrough.seq}, at ${signedThrough.time}`],
    unsigned === 0
      ? undefined
      : ['unsigned', `${counted(unsigned, 'record', 'records')} not yet signed`],
    unknownOutcomes === 0
      ? undefined
      : ['unknown', `outcome of ${counted(unknownOutcomes, 'call', 'calls')}`],
    lost === 0
      ? undefined
      : [
          'lost',
          `${counted(lost, 'record', 'records')} that could not be written; each call was denied`,
        ],
    unfinishedBytes === 0
      ? undefined
      : ['cut', `last record unfinished after ${unfinishedBytes} bytes: a crash, or being written`],
    fault === undefined ? ['head', `${last}:${report.head}`] : undefined,
    fault === undefined ? undefined : ['FAULTY', `${shown(fault.message)} (line ${fault.line})`],
  ]
  const verdict = fault === undefined ? paint(io, 'good', 'intact') : paint(io, 'bad', 'FAULTY')
  const rows = lines.flatMap((line) =>
    line === undefined ? [] : [`  ${label(line[0], io)} ${line[1]}\n`],
  )
  return `chain ${chain ?? 'unknown'}  ${verdict}\n${rows.join('')}`
}

function label(text: string, io: Io): string {
  return paint(io, text === 'FAULTY' ? 'bad' : 'faint', text.padEnd(9))
}
