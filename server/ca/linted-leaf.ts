/**
 * A leaf that may be signed. There is no way to one but through the linter, and nothing but one can
 * be signed, so that no certificate exists which was not held against the SVID profile first.
 */

import { reasonOf } from '../../runtime/failure.ts'
import { lintX509Svid } from '../../spiffe/x509/x509-svid.ts'
import type { ManagedKey } from '../key-managers/key-manager.ts'
import type { LeafContent, LeafTemplate } from './leaf-template.ts'
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

  /** Writes and lints what is to be signed with this key. Throws a CaError `ERR_CA_LINT`. */
  static make(template: LeafTemplate, content: LeafContent, key: ManagedKey): LintedLeaf {
    try {
      const tbs = template(content)
      lintX509Svid(certificateOf(tbs, signatureAlgorithm[key.type], placeholder))
      return new LintedLeaf(tbs, key)
    } catch (cause) {
      const message = `X509-SVID would break the profile: ${reasonOf(cause)}`
      throw new CaError('ERR_CA_LINT', message, { cause })
    }
  }

  /** The signed certificate, DER. */
  async sign(): Promise<Uint8Array> {
    const signature = await this.#key.sign(this.tbs)
    return certificateOf(this.tbs, signatureAlgorithm[this.#key.type], signature)
  }
}
