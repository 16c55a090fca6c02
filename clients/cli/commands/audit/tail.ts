/** `audit tail`: the last records, and with `-follow` each new one as it is written. */

import type { AuditRecord } from '../../../../audit/record.ts'
import { loop } from '../../../../runtime/loop.ts'
import { defineCommand, UsageError } from '../../command.ts'
import { outputFlag, shown } from '../../output.ts'
import { type RecordPlaces, recordFiles, recordFlags } from './record-files.ts'
import { RecordTail, type WantsRecord } from './record-tail.ts'
import { recordText } from './record-text.ts'

const maxRecords = 100_000
const followMs = 200

export const command = defineCommand({
  name: 'audit tail',
  summary: 'Shows the last records, and new ones as they come',
  misuse: 2,
  flags: {
    ...recordFlags,
    n: { kind: 'int', help: 'How many records', default: 10 },
    follow: { kind: 'bool', help: 'Go on as records are written' },
    all: { kind: 'bool', help: 'Checkpoints and SVIDs too' },
    output: outputFlag,
  },
  run: async (given, io) => {
    const { n, all } = given
    if (n < 0 || n > maxRecords) throw new UsageError(`-n is a number from 0 to ${maxRecords}`)
    const show = (records: readonly AuditRecord[]): void => {
      for (const record of records)
        io.out(`${given.output === 'json' ? jsonText(record) : recordText(record, io)}\n`)
    }
    using tails = new Tails(given, ({ kind }) => all || !ownKinds.has(kind))
    show(await tails.last(n))
    if (given.follow)
      await loop(async () => {
        show(await tails.next())
        return followMs
      }, io.signal)
    if (tails.hasUnreadable) io.err('some lines are no records; see: countersign audit verify\n')
    return 0
  },
})

/** What a record says about itself rather than about calls. */
const ownKinds: ReadonlySet<AuditRecord['kind']> = new Set(['checkpoint', 'svid'])

/** All files that the flags name, also those that come while they are followed. */
class Tails {
  readonly #places: RecordPlaces
  readonly #wants: WantsRecord
  readonly #tails = new Map<string, RecordTail>()

  constructor(places: RecordPlaces, wants: WantsRecord) {
    this.#places = places
    this.#wants = wants
  }

  get hasUnreadable(): boolean {
    return [...this.#tails.values()].some((tail) => tail.hasUnreadable)
  }

  async last(count: number): Promise<AuditRecord[]> {
    await this.#openNew()
    const records = [...this.#tails.values()].flatMap((tail) => tail.last(count)).sort(byTime)
    return count === 0 ? [] : records.slice(-count)
  }

  async next(): Promise<AuditRecord[]> {
    await this.#openNew()
    return [...this.#tails.values()].flatMap((tail) => tail.next()).sort(byTime)
  }

  [Symbol.dispose](): void {
    for (const tail of this.#tails.values()) tail.close()
  }

  async #openNew(): Promise<void> {
    for (const file of await recordFiles(this.#places)) {
      if (!this.#tails.has(file)) this.#tails.set(file, new RecordTail(file, this.#wants))
    }
  }
}

function byTime(a: AuditRecord, b: AuditRecord): number {
  if (a.time === b.time) return 0
  return a.time < b.time ? -1 : 1
}

/** The record on one line, with every character that a terminal could obey escaped. */
function jsonText(record: AuditRecord): string {
  return shown(JSON.stringify(record))
}
