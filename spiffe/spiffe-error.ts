// The one error of the SPIFFE code: whatever is wrong with bytes or text from outside ends here.

/** What kind of input was refused; stable, for callers that switch on it. */
export type SpiffeErrorCode =
  | 'ERR_SPIFFE_ID'
  | 'ERR_TRUST_DOMAIN'
  | 'ERR_PEM'
  | 'ERR_DER'
  | 'ERR_PUBLIC_KEY'
  | 'ERR_CSR'
  | 'ERR_CSR_SIGNATURE'
  | 'ERR_CERTIFICATE'
  | 'ERR_X509_PATH'
  | 'ERR_X509_SVID'
  | 'ERR_BUNDLE'

/**
 * Input that a SPIFFE or X.509 rule refuses. The message is lower case, says which rule, and holds
 * nothing secret; for SPIFFE IDs it is the text that go-spiffe prints.
 */
export class SpiffeError extends Error {
  readonly code: SpiffeErrorCode

  constructor(code: SpiffeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SpiffeError'
    this.code = code
  }
}
