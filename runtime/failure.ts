/**
 * Failures that somebody will read: what went wrong, and who can mend it.
 *
 * A Failure's message is for the one at fault: lower case, no period, what was expected and what
 * came, never a key or a token. What each code becomes on the wire is one table at each edge.
 */

/** Who can mend it. */
export type Fault = 'caller' | 'peer' | 'configuration' | 'environment' | 'us'

/** Every code, by who is at fault. */
export const failureFaults = {
  'invalid-argument': 'caller',
  'not-found': 'caller',
  'already-exists': 'caller',
  'failed-precondition': 'caller',
  'permission-denied': 'caller',
  unauthenticated: 'caller',
  'resource-exhausted': 'caller',
  cancelled: 'caller',
  unimplemented: 'caller',
  'deadline-exceeded': 'peer',
  'protocol-error': 'peer',
  'invalid-configuration': 'configuration',
  unavailable: 'environment',
  corrupt: 'environment',
  internal: 'us',
} as const satisfies Record<string, Fault>

export type FailureCode = keyof typeof failureFaults

export interface FailureOptions {
  readonly cause?: unknown
  /** Machine-readable details for a gRPC peer: encoded messages with their type names. */
  readonly details?: readonly FailureDetail[]
  /** The command or step that mends it, for a person. */
  readonly hint?: string
}

export interface FailureDetail {
  /** Full message name, such as `spire.api.types.PermissionDeniedDetails`. */
  readonly type: string
  readonly value: Uint8Array
}

export class Failure extends Error {
  readonly code: FailureCode
  readonly details: readonly FailureDetail[]
  readonly hint: string | undefined

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Failure'
    this.code = code
    this.details = options.details ?? []
    this.hint = options.hint
  }

  get fault(): Fault {
    return failureFaults[this.code]
  }
}

/** The text of anything thrown, for a message that wraps it. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
