/**
 * Why no process was named. A refusal is never a guess: whatever could not be proved is refused.
 */

/**
 * Every reason, with the sentence that may be shown to whoever asked. None of them names a process
 * or a user: that goes into `detail`, for the log.
 */
export const refusals = {
  malformed: 'the description of the connection is not one',
  busy: 'the agent is identifying too many connections',
  'near-end-unknown': 'the caller has no such open connection on this node',
  'near-end-not-held': 'the connection belongs to another process than the caller',
  'far-end-gone': 'the other end closed the connection before it could be identified',
  'not-accepted': 'the upstream did not accept the connection in time',
  'no-holder': 'no process that the agent can see holds the other end of the connection',
  'too-many-holders': 'too many processes hold the other end of the connection',
  unreadable: 'the agent may not inspect a process that holds the other end of the connection',
  unsettled: 'the processes that hold the other end of the connection kept changing',
  'no-identity': 'a process that holds the other end of the connection has no identity to use',
  'several-identities': 'processes with different identities hold the other end of the connection',
  'other-user': 'the process runs as another user than the one who opened the connection',
  'program-started-later': 'nothing proves that the program ran before the connection was made',
  'timed-out': 'the process could not be identified in time',
} as const

export type RefusalReason = keyof typeof refusals

export interface Refused {
  readonly kind: 'refused'
  readonly reason: RefusalReason
  /** The public sentence of the reason. */
  readonly message: string
  /** What was found, for the log only. */
  readonly detail: string
}

export function refused(reason: RefusalReason, detail = ''): Refused {
  return { kind: 'refused', reason, message: refusals[reason], detail }
}
