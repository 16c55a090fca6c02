/**
 * A leaf that may be signed. There is no way to one but through the linter, and nothing but one can
 * be signed, so that no certificate exists which was not held against the SVID profile first.
 */

import { lintX509Svid } from '../../spiffe/x509/x509-svid.ts'
import type { ManagedKey } from '../key-managers/key-manager.ts'
import { CaError } from './svid-issuer.ts'
import { certificateOf, signatureAlgorithm } from './x509-parts.ts'

/** In place of the signature while the leaf is linted; the linter does not look at it. */
const placeholder = new Uint8Array(70)

export class LintedLeaf {
  readonly tbs: Uint8Array
  readonly #key: ManagedKey

  private constructor(tbs: Uint8Array, key: ManagedKey) {
    this.tbs = tbs
    this.#key = key
  }

  /** Lints what is to be signed with this key. Throws a CaError `ERR_CA_LINT`. */
  static lint(tbs: Uint8Array, key: ManagedKey): LintedLeaf {
    try {
      lintX509Svid(certificateOf(tbs, signatureAlgorithm[key.type], placeholder))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new CaError('ERR_CA_LINT', `X509-SVID would break the profile: ${reason}`, {
        cause: error,
      })
    }
    return new LintedLeaf(tbs, key)
  }

  /** The signed certificate, DER. */
  async sign(): Promise<Uint8Array> {
    const signature = await this.#key.sign(this.tbs)
    return certificateOf(this.tbs, signatureAlgorithm[this.#key.type], signature)
  }
}
