/** One identity of a process: the entry that grants it, and the SVID that is good for it now. */

import type { RegistrationEntry } from '../../registration/entry.ts'
import type { X509Svid } from '../sync/sign-x509-svids.ts'

export interface Identity {
  readonly entry: RegistrationEntry
  readonly svid: X509Svid
}
