import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import test from 'node:test'
import { fingerprintOf, parseStat, parseStatus, statusOf } from './proc.ts'

test('a process can be fingerprinted, and twice the same', () => {
  const { dev, ino } = statSync(process.execPath, { bigint: true })
  const first = fingerprintOf(process.pid)
  assert.deepEqual(first.executable, { device: dev, inode: ino })
  assert.equal(first.uids.effective, process.geteuid?.())
  assert.equal(first.text, fingerprintOf(process.pid).text)
})

test('the status names groups and tracer', () => {
  const status = statusOf(process.pid)
  assert.deepEqual(
    new Set([...status.groups, process.getegid?.()]),
    new Set(process.getgroups?.()).add(process.getegid?.() ?? -1),
  )
  assert.equal(status.tracerPid, 0)
})

test('a process that is gone or never was throws', () => {
  assert.throws(() => fingerprintOf(2 ** 22 + 1), { code: 'ENOENT' })
})

test('a process name with parentheses and spaces does not shift the fields of stat', () => {
  const fields = Array.from({ length: 50 }, (_, index) => String(index + 3))
  const line = `12 (a) R 1 (b) ${['S', ...fields.slice(1)].join(' ')}\n`
  assert.deepEqual(parseStat(line), { startTime: '22', image: '26 28 48 49' })
})

test('a stat line that is cut off is refused', () => {
  assert.throws(() => parseStat('12 (a) S 4 5 6'), /stat field 22/)
})

test('a status without groups has none, and one without a line that is needed is refused', () => {
  const text =
    'Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nTracerPid:\t9\nGroups:\t \nNStgid:\t1\n'
  assert.deepEqual(parseStatus(text), {
    uids: { real: 1, effective: 2, saved: 3, file: 4 },
    gids: { real: 5, effective: 6, saved: 7, file: 8 },
    groups: [],
    tracerPid: 9,
  })
  assert.throws(() => parseStatus(text.replace('Uid', 'Xid')), /a line Uid/)
  assert.throws(() => parseStatus(text.replace('\t4\n', '\n')), /four ids/)
})
