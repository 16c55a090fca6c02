import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type SseEvent, SseReader, writeSseEvent } from './sse.ts'

function readAll(chunks: readonly Uint8Array[]): SseEvent[] {
  const reader = new SseReader(10_000)
  return chunks.flatMap((chunk) => reader.push(chunk))
}

test('fields, comments and line ends of every kind are read', () => {
  const text =
    '\ufeffdata: a\r\rid: 1\r\nevent:b\r\n: comment\r\ndata:  c\ndata\n\nretry: 5\nretry: x\nother: 1\n\ndata: lost'
  const events = readAll([Buffer.from(text.replace('\ufeff', ''))])
  assert.deepEqual(events, [{ data: 'a' }, { id: '1', event: 'b', data: ' c\n' }, { retry: '5' }])
})

test('events come out the same however the stream is cut', () => {
  const events: SseEvent[] = [
    { id: '1', data: '' },
    { event: 'message', data: '{"a":"ü"}\n{"b":1}' },
    { retry: '10', data: 'x' },
  ]
  const bytes = Buffer.from(events.map(writeSseEvent).join(''))
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
      assert.deepEqual(readAll(chunks), events)
    }),
  )
})

test('an event that never ends is refused', () => {
  const reader = new SseReader(100)
  assert.throws(() => reader.push(Buffer.from(`data: ${'a'.repeat(200)}`)), RangeError)
  const lines = new SseReader(100)
  assert.throws(() => {
    for (let line = 0; line < 100; line++) lines.push(Buffer.from('data: aaaa\n'))
  }, RangeError)
})

test('bytes that are no UTF-8 are refused', () => {
  assert.throws(() => readAll([Buffer.from([0x64, 0xff, 0x0a])]), TypeError)
})
