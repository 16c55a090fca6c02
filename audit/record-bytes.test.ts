import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuditChain } from '../test/support/audit-chain.ts'
import { findRecord, lastLines, lineAt, type RecordBytes } from './record-bytes.ts'

test('every record is found by its number, in a few reads however long the file', () => {
  const chain = new AuditChain()
  for (let at = 0; at < 3000; at++) chain.decision({ detail: 'x'.repeat((at * 37) % 900) })
  for (const seq of [...Array(50).keys(), 1500, 2999, 3000]) {
    const { bytes, reads } = fileOf(chain.bytes)
    const found = findRecord(bytes, seq)
    assert.equal(found?.record.seq, seq)
    assert.ok(found.holds)
    assert.ok(reads() < 120, `${reads()} reads`)
  }
  assert.equal(findRecord(fileOf(chain.bytes).bytes, 3001), undefined)
})

test('a number that a gap took finds the gap', () => {
  const chain = new AuditChain().decision().append({ kind: 'gap', lost: 5 }, 7).decision()
  assert.equal(findRecord(fileOf(chain.bytes).bytes, 4)?.record.kind, 'gap')
})

test('a record that was changed is found and does not hold', () => {
  const chain = new AuditChain().decision().decision()
  const changed = chain.bytes.toString().replace('"rule-allows"', '"mcp-access"')
  assert.equal(findRecord(fileOf(Buffer.from(changed)).bytes, 1)?.holds, false)
  assert.equal(findRecord(fileOf(Buffer.from(changed)).bytes, 2)?.holds, true)
})

test('an unfinished last line is not a record', () => {
  const chain = new AuditChain().decision().decision()
  const { bytes } = fileOf(chain.bytes.subarray(0, -3))
  assert.equal(findRecord(bytes, 2), undefined)
  const { lines, end } = lastLines(bytes, 5)
  assert.deepEqual(
    lines.map(({ text }) => `${text}\n`),
    chain.lines.slice(0, 2),
  )
  assert.equal(end, Buffer.byteLength(chain.lines.slice(0, 2).join('')))
})

test('the last lines come whole, across the borders of reads', () => {
  const chain = new AuditChain()
  for (let at = 0; at < 100; at++) chain.decision({ detail: 'é'.repeat(at * 10) })
  const { lines } = lastLines(fileOf(chain.bytes).bytes, 60)
  assert.deepEqual(
    lines.map(({ text }) => `${text}\n`),
    chain.lines.slice(-60),
  )
})

test('bytes that are no record file find nothing and never throw', () => {
  for (const text of ['', '\n', 'x', 'x\ny\n', 'x'.repeat(600_000), `\n${'y'.repeat(600_000)}\n`]) {
    const { bytes } = fileOf(Buffer.from(text))
    assert.equal(findRecord(bytes, 0), undefined)
    lastLines(bytes, 3)
    lineAt(bytes, 0)
  }
})

function fileOf(content: Buffer): { bytes: RecordBytes; reads: () => number } {
  let count = 0
  const read = (offset: number, length: number): Buffer => {
    count++
    const part = content.subarray(offset, offset + length)
    assert.equal(part.length, length)
    return part
  }
  return { bytes: { size: content.length, read }, reads: () => count }
}
