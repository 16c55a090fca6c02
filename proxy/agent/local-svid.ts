/** The X509-SVID and key of a local process, as the agent hands them to the proxy. */

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { writePem } from '../../spiffe/pem.ts'
import { SpiffeError } from '../../spiffe/spiffe-error.ts'
import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import { type Certificate, readCertificates } from '../../spiffe/x509/certificate.ts'
import { x509SvidId } from '../../spiffe/x509/x509-svid.ts'
import { tlsRules } from '../tls/rules.ts'

export class LocalSvid {
  readonly id: SpiffeId
  readonly leaf: Certificate
  readonly #chain: readonly Certificate[]
  readonly #key: KeyObject
  #credentials: { readonly cert: string; readonly key: string } | undefined
  #context: SecureContext | undefined

  /** Throws when the certificates are no SVID of this ID or the key does not belong to the leaf. */
  constructor(id: SpiffeId, chainDer: Uint8Array, keyDer: Uint8Array) {
    this.#chain = readCertificates(chainDer)
    const [leaf] = this.#chain
    if (leaf === undefined) throw new SpiffeError('ERR_X509_SVID', 'chain is empty')
    if (x509SvidId(leaf) !== id)
      throw new SpiffeError('ERR_X509_SVID', 'the certificate is of another SPIFFE ID')
    this.id = id
    this.leaf = leaf
    this.#key = createPrivateKey({ key: Buffer.from(keyDer), format: 'der', type: 'pkcs8' })
    const publicKey = createPublicKey(this.#key).export({ format: 'der', type: 'spki' })
    if (!publicKey.equals(leaf.spki))
      throw new SpiffeError('ERR_X509_SVID', 'the key is not that of the certificate')
  }

  get notAfter(): Date {
    return this.leaf.notAfter
  }

  get issuerKeyId(): string {
    return this.leaf.authorityKeyId ?? ''
  }

  isExpired(now: Date): boolean {
    return now >= this.notAfter
  }

  /** Certificate chain and key in PEM, as `node:tls` takes them; made once. */
  get credentials(): { readonly cert: string; readonly key: string } {
    this.#credentials ??= {
      cert: this.#chain.map(({ der }) => writePem('CERTIFICATE', der)).join(''),
      key: this.#key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    }
    return this.#credentials
  }

  /** For connections that we make under this identity; made once. */
  get secureContext(): SecureContext {
    this.#context ??= createSecureContext({ ...tlsRules, ca: [], ...this.credentials })
    return this.#context
  }
}
