/** The one error of registration: a field that a rule refuses, in the words that SPIRE's API uses. */

export type RegistrationErrorCode =
  /** The field cannot be what it says. */
  | 'ERR_REGISTRATION_INVALID'
  /** The same thing twice in a list that is a set. */
  | 'ERR_REGISTRATION_DUPLICATE'

export class RegistrationError extends Error {
  readonly code: RegistrationErrorCode

  constructor(code: RegistrationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RegistrationError'
    this.code = code
  }
}

/** A refused field. */
export function invalid(message: string, cause?: unknown): RegistrationError {
  return new RegistrationError(
    'ERR_REGISTRATION_INVALID',
    message,
    cause === undefined ? undefined : { cause },
  )
}
