/** Serial numbers of certificates. */

import { randomBytes } from 'node:crypto'

/** Makes serial numbers: positive, big-endian. */
export type NewSerial = () => Uint8Array

/** 128 random bits. */
export const randomSerial: NewSerial = () => randomBytes(16)

/** Lower-case hex as certificates are read: no leading zero bytes. */
export function serialText(serial: Uint8Array): string {
  const first = serial.findIndex((byte) => byte !== 0)
  return Buffer.from(serial.subarray(first)).toString('hex')
}
