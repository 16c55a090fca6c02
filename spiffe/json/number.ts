// A JSON number as it was written. What it means depends on who asks: a double drops digits, so
// whoever decides on a number says which reading it wants and learns when there is none.

/** A JSON number that keeps its source text. */
export class JsonNumber {
  /** The text between its neighbours, unchanged: `1.0`, `-0`, `1e400`. */
  readonly text: string

  /** `text` must be a JSON number; only the reader and our own code make one. */
  constructor(text: string) {
    this.text = text
  }

  /**
   * The integer, if it is written in its shortest form and every reader agrees on it: from
   * -(2^53 - 1) to 2^53 - 1, without sign of zero, fraction or exponent.
   */
  safeInteger(): number | undefined {
    const value = Number(this.text)
    return Number.isSafeInteger(value) && String(value) === this.text ? value : undefined
  }

  /** The integer of any size, if it is written without fraction and exponent. */
  bigInteger(): bigint | undefined {
    return /^-?[0-9]+$/.test(this.text) ? BigInt(this.text) : undefined
  }

  /**
   * The nearest double (perhaps infinite), and whether it stands for this number and no other:
   * an integer has to equal it, a fraction has to be the shortest text that is read as it.
   */
  double(): { readonly value: number; readonly isExact: boolean } {
    const value = Number(this.text)
    return { value, isExact: Number.isFinite(value) && standsFor(value, decimal(this.text)) }
  }
}

/** A decimal number as digits without zeros at either end, times a power of ten. */
interface Decimal {
  readonly isNegative: boolean
  /** Empty for zero. */
  readonly digits: string
  readonly exponent: number
}

function standsFor(value: number, wanted: Decimal): boolean {
  if (value === 0 || wanted.digits === '') return value === 0 && wanted.digits === ''
  if (wanted.exponent >= 0) {
    const magnitude = BigInt(wanted.digits + '0'.repeat(wanted.exponent))
    return BigInt(value) === (wanted.isNegative ? -magnitude : magnitude)
  }
  const shortest = decimal(String(value))
  return shortest.digits === wanted.digits && shortest.exponent === wanted.exponent
}

function decimal(text: string): Decimal {
  const isNegative = text.startsWith('-')
  const [mantissa = '', power = '0'] = text.slice(isNegative ? 1 : 0).split(/[eE]/)
  const [whole = '', fraction = ''] = mantissa.split('.')
  const significant = withoutLeadingZeros(whole + fraction)
  const digits = withoutTrailingZeros(significant)
  const exponent = Number(power) - fraction.length + (significant.length - digits.length)
  return { isNegative, digits, exponent }
}

function withoutLeadingZeros(digits: string): string {
  let start = 0
  while (digits[start] === '0') start++
  return digits.slice(start)
}

function withoutTrailingZeros(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === '0') end--
  return digits.slice(0, end)
}
