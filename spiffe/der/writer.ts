// Small DER writer for the certificates and requests that Countersign makes itself. X.690 section
// 10, RFC 5280 section 4.1.2.5 for times.

import { constructedTag, derTag, primitiveTag } from './reader.ts'

/** A value of any type from the parts of its contents. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(length)]), ...parts])
}

/** SEQUENCE of the given values. */
export function sequence(...values: readonly Uint8Array[]): Uint8Array {
  return der(derTag.sequence, ...values)
}

/** SET OF, with the values in the order that DER demands. */
export function setOf(...values: readonly Uint8Array[]): Uint8Array {
  return der(derTag.set, ...values.toSorted((a, b) => Buffer.compare(a, b)))
}

/** `[n]` around the given values (EXPLICIT, or IMPLICIT of a constructed type). */
export function context(n: number, ...values: readonly Uint8Array[]): Uint8Array {
  return der(constructedTag(n), ...values)
}

/** `[n] IMPLICIT` of a primitive type, from its contents. */
export function contextPrimitive(n: number, body: Uint8Array): Uint8Array {
  return der(primitiveTag(n), body)
}

/** OBJECT IDENTIFIER from dotted form. */
export function oid(dotted: string): Uint8Array {
  const [root = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(derTag.oid, Uint8Array.from([root * 40 + second, ...rest].flatMap(base128)))
}

/** INTEGER that is not negative, from a number or from big-endian bytes of any length. */
export function integer(value: number | Uint8Array): Uint8Array {
  const bytes = typeof value === 'number' ? bigEndian(value) : value
  const first = bytes.findIndex((byte) => byte !== 0)
  const body = first === -1 ? Uint8Array.of(0) : bytes.subarray(first)
  return der(derTag.integer, ...((body[0] ?? 0) >= 0x80 ? [Uint8Array.of(0), body] : [body]))
}

/** BOOLEAN TRUE; DER leaves a FALSE default out. */
export function booleanTrue(): Uint8Array {
  return der(derTag.boolean, Uint8Array.of(0xff))
}

/** NULL. */
export function nullValue(): Uint8Array {
  return der(derTag.null)
}

/** OCTET STRING. */
export function octetString(bytes: Uint8Array): Uint8Array {
  return der(derTag.octetString, bytes)
}

/** BIT STRING of whole bytes. */
export function bitString(bytes: Uint8Array): Uint8Array {
  return der(derTag.bitString, Uint8Array.of(0), bytes)
}

/** BIT STRING as a named bit list, from the numbers of the bits that are set. */
export function namedBits(...bits: readonly number[]): Uint8Array {
  const highest = Math.max(-1, ...bits)
  const bytes = new Uint8Array(Math.ceil((highest + 1) / 8))
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  const unused = bytes.length * 8 - (highest + 1)
  return der(derTag.bitString, Uint8Array.of(unused), bytes)
}

/** UTF8String. */
export function utf8String(text: string): Uint8Array {
  return der(derTag.utf8String, Buffer.from(text, 'utf8'))
}

/** PrintableString; the caller keeps to its characters. */
export function printableString(text: string): Uint8Array {
  return der(derTag.printableString, Buffer.from(text, 'latin1'))
}

/** The time of a validity, whole seconds: UTCTime through 2049, GeneralizedTime from 2050. */
export function utcOrGeneralizedTime(date: Date): Uint8Array {
  const digits = date.toISOString().slice(0, 19).replace(/[-T:]/g, '')
  const year = date.getUTCFullYear()
  if (year < 1950 || year > 9999) throw new TypeError(`no X.509 time for the year ${year}`)
  return year < 2050
    ? der(derTag.utcTime, Buffer.from(`${digits.slice(2)}Z`, 'latin1'))
    : der(derTag.generalizedTime, Buffer.from(`${digits}Z`, 'latin1'))
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes = [...bigEndian(length)]
  return [0x80 | bytes.length, ...bytes]
}

function bigEndian(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Uint8Array.from(bytes)
}

function base128(value: number): number[] {
  const bytes = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(0x80 | (rest % 128))
  }
  return bytes
}
