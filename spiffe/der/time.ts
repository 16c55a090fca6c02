// Times of certificates, RFC 5280 sections 4.1.2.5.1 and 4.1.2.5.2: seconds present, `Z`, no
// fraction.

import { SpiffeError } from '../spiffe-error.ts'
import { type DerElement, derTag } from './reader.ts'

const utcTime = /^\d{12}Z$/
const generalizedTime = /^\d{14}Z$/

/** The instant of a UTCTime or GeneralizedTime. Throws `ERR_DER`. */
export function timeOf(element: DerElement, what: string): Date {
  const text = Buffer.from(element.body).toString('latin1')
  const digits = fullDigits(element.tag, text)
  const date = digits === undefined ? undefined : calendarDate(digits)
  if (date === undefined) throw new SpiffeError('ERR_DER', `${what} is not a valid time`)
  return date
}

function fullDigits(tag: number, text: string): string | undefined {
  if (tag === derTag.generalizedTime && generalizedTime.test(text)) return text
  if (tag !== derTag.utcTime || !utcTime.test(text)) return undefined
  return (Number(text.slice(0, 2)) >= 50 ? '19' : '20') + text
}

/** Undefined for a day or second that the calendar does not have (30 February, 24:00:00). */
function calendarDate(digits: string): Date | undefined {
  const iso = digits.replace(/^(....)(..)(..)(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6.000Z')
  const date = new Date(iso)
  return Number.isNaN(date.getTime()) || date.toISOString() !== iso ? undefined : date
}
