/** What a listener found out about a connection when it accepted it. */

import type { VerifiedX509Svid } from '../../spiffe/x509/x509-svid.ts'

export type ServerConnection =
  | { readonly door: 'private-socket'; readonly uid: number; readonly pid: number }
  | {
      readonly door: 'tcp'
      readonly address: string
      /** The peer's SVID, valid when it connected; undefined without a client certificate. */
      readonly peer: VerifiedX509Svid | undefined
    }
