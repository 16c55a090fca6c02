// Strict DER reader, X.690 sections 8 and 10: definite lengths in the fewest bytes, low tag
// numbers, nothing left over. It walks a structure once and copies nothing.

import { SpiffeError } from '../spiffe-error.ts'

/** Identifier bytes of the types that certificates use. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** Identifier byte of a context-specific primitive type, `[n] IMPLICIT`. */
export const primitiveTag = (n: number): number => 0x80 | n

/** Identifier byte of a context-specific constructed type, `[n]`. */
export const constructedTag = (n: number): number => 0xa0 | n

/** One value: its identifier byte, its contents, and all of its bytes. */
export interface DerElement {
  readonly tag: number
  readonly body: Uint8Array
  readonly encoded: Uint8Array
}

/** A cursor over a row of DER values. Every method throws `ERR_DER`, naming `what` it wanted. */
export class DerReader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Whether all values have been read. */
  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length
  }

  /** The next value, whatever its type. */
  next(what: string): DerElement {
    const start = this.#offset
    const tag = this.#byte(what)
    if ((tag & 0x1f) === 0x1f) throw refuse(`${what} has a long tag`)
    const length = this.#length(what)
    const from = this.#offset
    if (length > this.#bytes.length - from) throw refuse(`${what} is cut short`)
    this.#offset = from + length
    return {
      tag,
      body: this.#bytes.subarray(from, this.#offset),
      encoded: this.#bytes.subarray(start, this.#offset),
    }
  }

  /** The next value, which must be of the type. */
  expect(tag: number, what: string): DerElement {
    const element = this.next(what)
    if (element.tag !== tag) {
      throw refuse(`${what} has tag 0x${element.tag.toString(16)}, expected 0x${tag.toString(16)}`)
    }
    return element
  }

  /** The next value if there is one of this type. */
  optional(tag: number, what: string): DerElement | undefined {
    return this.#bytes[this.#offset] === tag ? this.next(what) : undefined
  }

  /** A reader over the contents of the next value, which must be a SEQUENCE. */
  sequence(what: string): DerReader {
    return new DerReader(this.expect(derTag.sequence, what).body)
  }

  /** Demands that nothing follows. */
  end(what: string): void {
    if (!this.isAtEnd) throw refuse(`${what} has trailing bytes`)
  }

  #byte(what: string): number {
    const byte = this.#bytes[this.#offset]
    if (byte === undefined) throw refuse(`${what} is missing`)
    this.#offset += 1
    return byte
  }

  #length(what: string): number {
    const first = this.#byte(what)
    if (first < 0x80) return first
    const count = first & 0x7f
    if (count === 0) throw refuse(`${what} has an indefinite length`)
    if (count > 4) throw refuse(`${what} is too long`)
    let length = 0
    for (let i = 0; i < count; i += 1) length = length * 256 + this.#byte(what)
    const fewest = length < 0x80 ? 0 : Math.ceil((32 - Math.clz32(length)) / 8)
    if (count !== fewest) throw refuse(`${what} has a length that is not minimal`)
    return length
  }
}

/** A reader over the contents of one value of the type that fills all the bytes. */
export function readDer(bytes: Uint8Array, tag: number, what: string): DerReader {
  const outer = new DerReader(bytes)
  const element = outer.expect(tag, what)
  outer.end(what)
  return new DerReader(element.body)
}

/** BOOLEAN contents: one byte, 0x00 or 0xff. */
export function booleanOf(body: Uint8Array, what: string): boolean {
  if (body.length !== 1 || (body[0] !== 0 && body[0] !== 0xff)) {
    throw refuse(`${what} is not a DER boolean`)
  }
  return body[0] === 0xff
}

/** INTEGER contents as they are: at least one byte, in the fewest bytes, two's complement. */
export function integerOf(body: Uint8Array, what: string): Uint8Array {
  const [first, second] = body
  if (first === undefined) throw refuse(`${what} is an empty integer`)
  if (
    second !== undefined &&
    ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
  ) {
    throw refuse(`${what} is an integer that is not minimal`)
  }
  return body
}

/** INTEGER contents as a number from 0 to 2^31-1. */
export function smallIntegerOf(body: Uint8Array, what: string): number {
  const bytes = integerOf(body, what)
  if ((bytes[0] ?? 0x80) >= 0x80) throw refuse(`${what} is negative`)
  if (bytes.length > 4) throw refuse(`${what} is too large`)
  return bytes.reduce((value, byte) => value * 256 + byte, 0)
}

/** BIT STRING contents that are whole bytes, as keys and signatures are. */
export function bitStringBytesOf(body: Uint8Array, what: string): Uint8Array {
  if (body[0] !== 0) throw refuse(`${what} is not a bit string of whole bytes`)
  return body.subarray(1)
}

/** The numbers of the bits set in a named bit list; bits past its end have to be zero. */
export function namedBitsOf(body: Uint8Array, what: string): ReadonlySet<number> {
  const [unused = 8, ...bytes] = body
  const last = bytes.at(-1)
  if (unused > 7 || (last === undefined && unused > 0) || ((last ?? 0) & ((1 << unused) - 1)) > 0) {
    throw refuse(`${what} is not a bit list`)
  }
  const bits = new Set<number>()
  for (const [at, byte] of bytes.entries()) {
    for (let bit = 0; bit < 8; bit += 1) if (byte & (0x80 >> bit)) bits.add(at * 8 + bit)
  }
  return bits
}

/** OBJECT IDENTIFIER contents in dotted form. */
export function oidOf(body: Uint8Array, what: string): string {
  const arcs: number[] = []
  let arc = 0
  let isStart = true
  for (const byte of body) {
    if (isStart && byte === 0x80) throw refuse(`${what} is an object identifier with padding`)
    arc = arc * 128 + (byte & 0x7f)
    if (arc > Number.MAX_SAFE_INTEGER / 128)
      throw refuse(`${what} is an object identifier too large`)
    isStart = byte < 0x80
    if (!isStart) continue
    if (arcs.length === 0) {
      const root = Math.min(2, Math.floor(arc / 40))
      arcs.push(root, arc - root * 40)
    } else {
      arcs.push(arc)
    }
    arc = 0
  }
  if (arcs.length === 0 || !isStart) throw refuse(`${what} is not an object identifier`)
  return arcs.join('.')
}

function refuse(message: string): SpiffeError {
  return new SpiffeError('ERR_DER', message)
}
