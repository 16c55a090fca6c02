import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SpiffeError } from '../spiffe-error.ts'
import {
  booleanOf,
  DerReader,
  derTag,
  integerOf,
  namedBitsOf,
  oidOf,
  readDer,
  smallIntegerOf,
} from './reader.ts'
import { timeOf } from './time.ts'
import {
  bitString,
  integer,
  namedBits,
  octetString,
  oid,
  sequence,
  utcOrGeneralizedTime,
} from './writer.ts'

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex')

test('what the writer writes the reader reads', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70_000 }), fc.nat(), (bytes, number) => {
      const reader = readDer(sequence(octetString(bytes), integer(number)), derTag.sequence, 'all')
      assert.deepEqual([...reader.expect(derTag.octetString, 'bytes').body], [...bytes])
      assert.equal(smallIntegerOf(reader.expect(derTag.integer, 'number').body, 'number'), number)
      reader.end('all')
    }),
    { numRuns: 50 },
  )
})

test('object identifiers come back as they went', () => {
  const arcs = fc.tuple(fc.constantFrom(0, 1), fc.nat({ max: 39 }), fc.array(fc.nat()))
  fc.assert(
    fc.property(fc.oneof(arcs, fc.tuple(fc.constant(2), fc.nat(), fc.array(fc.nat()))), (parts) => {
      const dotted = parts.flat().join('.')
      assert.equal(oidOf(new DerReader(oid(dotted)).next('oid').body, 'oid'), dotted)
    }),
  )
})

test('named bits come back as they went', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat({ max: 20 })), (bits) => {
      const read = namedBitsOf(new DerReader(namedBits(...bits)).next('bits').body, 'bits')
      assert.deepEqual(
        [...read],
        bits.toSorted((a, b) => a - b),
      )
    }),
  )
})

test('times come back as they went, whichever type they have', () => {
  const second = { min: new Date('1950-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z') }
  fc.assert(
    fc.property(fc.date({ ...second, noInvalidDate: true }), (date) => {
      const read = timeOf(new DerReader(utcOrGeneralizedTime(date)).next('time'), 'time')
      assert.equal(read.getTime(), Math.floor(date.getTime() / 1000) * 1000)
    }),
  )
})

test('lengths are definite, minimal and whole', () => {
  const refused = {
    'indefinite length': '30 80 00 00',
    'length in two bytes for one': '30 81 01 00',
    'length with a leading zero': '30 82 00 80',
    'length of five bytes': '30 85 01 00 00 00 00',
    'cut short': '30 03 02 01',
    'no length': '30',
    'long tag': '3f 01 00',
    'trailing byte': '30 00 00',
    'another type': '31 00',
    nothing: '',
  }
  for (const [what, bytes] of Object.entries(refused)) {
    assert.throws(() => readDer(hex(bytes), derTag.sequence, 'it'), { code: 'ERR_DER' }, what)
  }
})

test('primitive values have one spelling', () => {
  for (const bytes of ['', '01', '00 00', 'ff ff']) {
    assert.throws(() => booleanOf(hex(bytes), 'it'), { code: 'ERR_DER' }, bytes)
  }
  for (const bytes of ['', '00 7f', 'ff 80']) {
    assert.throws(() => integerOf(hex(bytes), 'it'), { code: 'ERR_DER' }, bytes)
  }
  for (const bytes of ['80', '80 01', '2a 80 01', '2a 81', '']) {
    assert.throws(() => oidOf(hex(bytes), 'it'), { code: 'ERR_DER' }, bytes)
  }
  for (const bytes of ['', '01', '08 80', '01 81', '04 08']) {
    assert.throws(() => namedBitsOf(hex(bytes), 'it'), { code: 'ERR_DER' }, bytes)
  }
  assert.throws(() => smallIntegerOf(hex('ff'), 'it'), /negative/)
  assert.throws(() => smallIntegerOf(hex('01 00 00 00 00'), 'it'), /too large/)
})

test('a time has seconds, ends with Z and is in the calendar', () => {
  const refused: readonly (readonly [tag: number, text: string])[] = [
    [derTag.utcTime, '3001010000Z'],
    [derTag.utcTime, '300101000000+0000'],
    [derTag.utcTime, '300230000000Z'],
    [derTag.utcTime, '300101240000Z'],
    [derTag.utcTime, '300101000060Z'],
    [derTag.generalizedTime, '20500101000000'],
    [derTag.generalizedTime, '20500101000000.5Z'],
    [derTag.generalizedTime, '500101000000Z'],
    [derTag.generalizedTime, '20501301000000Z'],
    [derTag.octetString, '300101000000Z'],
  ]
  for (const [tag, text] of refused) {
    const element = { tag, body: Buffer.from(text), encoded: Buffer.from(text) }
    assert.throws(() => timeOf(element, 'it'), { code: 'ERR_DER' }, text)
  }
})

test('any bytes are walked through or refused with a SpiffeError', () => {
  const walk = (bytes: Uint8Array): void => {
    const reader = new DerReader(bytes)
    while (!reader.isAtEnd) {
      const { tag, body } = reader.next('value')
      if ((tag & 0x20) !== 0) walk(body)
    }
  }
  const mostlyDer = fc.uint8Array().map((bytes) => sequence(bitString(bytes), bytes))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), mostlyDer), (bytes) => {
      const refusal = errorOf(() => {
        walk(bytes)
      })
      assert.ok(refusal === undefined || refusal instanceof SpiffeError)
    }),
  )
})

function errorOf(action: () => void): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}
