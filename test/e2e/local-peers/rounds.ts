/** How often each attack of this folder is tried: `COUNTERSIGN_ROUNDS`, a few hundred unless set. */
import process from 'node:process'

const wanted = process.env['COUNTERSIGN_ROUNDS'] ?? '300'

if (!/^[1-9]\d{0,5}$/.test(wanted))
  throw new Error(`COUNTERSIGN_ROUNDS must be a number from 1 to 999999, not "${wanted}"`)

export const rounds = Number(wanted)
