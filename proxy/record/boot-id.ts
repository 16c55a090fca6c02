/** Which boot of the machine this is. */

import { readFileSync } from 'node:fs'

/** The kernel's random id of this boot: what was written to a file since then is still there. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}
