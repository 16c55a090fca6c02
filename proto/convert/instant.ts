/** Instants on the wire: whole seconds since 1970 in a 64-bit integer, 0 for none. */

import { invalid } from '../../registration/registration-error.ts'

/** First second of the year 0 and last of 9999, which every text form of an instant can hold. */
const range = { first: -62_167_219_200, last: 253_402_300_799 } as const

/** Undefined for 0. Throws a RegistrationError when the year is not 0 to 9999. */
export function instantOf(seconds: string, field: string): Date | undefined {
  const value = Number(seconds)
  if (!(value >= range.first && value <= range.last)) throw invalid(`${field} is out of range`)
  return value === 0 ? undefined : new Date(value * 1000)
}

/** Seconds since 1970, cut to whole ones. */
export function secondsOf(instant: Date | undefined): string {
  return instant === undefined ? '0' : String(Math.floor(instant.getTime() / 1000))
}
