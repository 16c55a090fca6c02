/** The end of one chain file, and what is appended to it afterwards. */

import { openLine } from '../../../../audit/chain.ts'
import type { AuditRecord } from '../../../../audit/record.ts'
import { type Line, lastLines, lineAt } from '../../../../audit/record-bytes.ts'
import { RecordReader } from './record-reader.ts'

export type WantsRecord = (record: AuditRecord) => boolean

export class RecordTail {
  readonly #reader: RecordReader
  readonly #wants: WantsRecord
  #offset = 0
  #hasUnreadable = false

  /** @throws {UsageError} when the file cannot be read. */
  constructor(file: string, wants: WantsRecord) {
    this.#reader = new RecordReader(file)
    this.#wants = wants
  }

  /** Whether a line was passed over because it is no record. */
  get hasUnreadable(): boolean {
    return this.#hasUnreadable
  }

  /** The last `count` wanted records; {@link next} goes on after them. */
  last(count: number): AuditRecord[] {
    for (let lines = count * 2 + 8; ; lines *= 4) {
      const found = lastLines(this.#reader, lines)
      this.#offset = found.end
      const records = this.#records(found.lines)
      if (records.length >= count || found.lines.length < lines)
        return count === 0 ? [] : records.slice(-count)
    }
  }

  /** The wanted records that were written since. */
  next(): AuditRecord[] {
    this.#reader.grow()
    const lines: Line[] = []
    let line = lineAt(this.#reader, this.#offset)
    for (; line !== undefined; line = lineAt(this.#reader, this.#offset)) {
      lines.push(line)
      this.#offset = line.end
    }
    return this.#records(lines)
  }

  close(): void {
    this.#reader.close()
  }

  #records(lines: readonly Line[]): AuditRecord[] {
    return lines.flatMap(({ text }) => {
      const opened = openLine(text)
      if ('fault' in opened) this.#hasUnreadable = true
      return 'fault' in opened || !this.#wants(opened.record) ? [] : [opened.record]
    })
  }
}
