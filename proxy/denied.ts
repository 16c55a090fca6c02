/**
 * Every way in which the proxy refuses a request: one table, from the reason in the record to what
 * the caller gets. DESIGN.md section 5; docs/proxy.md lists the same for people.
 *
 * On an MCP route HTTP 4xx is for what cannot be read and whoever is not authenticated; a call that
 * was read and is not allowed is answered 200 with a JSON-RPC error, which clients of every version
 * keep as a typed error.
 */

import type { DecisionId } from '../audit/decision-id.ts'
import type { MatchedRule } from '../policy/compile.ts'
import { DENY_REASONS, type DenyReason } from '../policy/reasons.ts'
import type { RpcId } from './mcp/rpc-id.ts'

/** What the caller gets for one reason. */
interface Refusal {
  /** HTTP status. */
  readonly status: number
  /** JSON-RPC error code on an MCP route. */
  readonly rpcCode: number
  /** HTTP status on an MCP route where it differs from `status`. */
  readonly mcpStatus?: number
  /** Public sentence. */
  readonly message: string
}

/** JSON-RPC error code of a call that policy denies; outside the range that JSON-RPC reserves. */
const DENIED_BY_POLICY = 403001

const parseError = -32700
const invalidRequest = -32600
const headerMismatch = -32020
const unsupportedVersion = -32022
/** What SDK servers answer for a session that they do not know. */
const sessionNotFound = -32001

const ownReasons = {
  'svid-expired': {
    status: 401,
    rpcCode: 401001,
    message: 'the X509-SVID of this connection has expired; connect again',
  },
  'svid-untrusted': {
    status: 401,
    rpcCode: 401001,
    message: 'the X509-SVID of this connection is not trusted any more',
  },
  'caller-not-identified': {
    status: 403,
    rpcCode: 403002,
    message: 'the calling process has no identity here',
  },
  'identity-ended': {
    status: 403,
    rpcCode: 403002,
    message: 'the calling process does not hold its identity any more; connect again',
  },
  'malformed-request': {
    status: 400,
    rpcCode: invalidRequest,
    message: 'the HTTP request is malformed',
  },
  'headers-too-large': {
    status: 431,
    rpcCode: invalidRequest,
    message: 'the HTTP request has too many or too long header fields',
  },
  'header-refused': {
    status: 400,
    rpcCode: invalidRequest,
    message: 'a header field of the HTTP request is not accepted',
  },
  'path-not-normal': {
    status: 400,
    rpcCode: invalidRequest,
    message: 'the request target is not in its normal form',
  },
  'path-too-long': {
    status: 414,
    rpcCode: invalidRequest,
    message: 'the request target is too long',
  },
  'path-unknown': {
    status: 404,
    rpcCode: invalidRequest,
    message: 'nothing is served at this path',
  },
  'http-method-not-supported': {
    status: 405,
    rpcCode: invalidRequest,
    message: 'this HTTP method is not served here',
  },
  'expectation-not-supported': {
    status: 417,
    rpcCode: invalidRequest,
    message: 'only 100-continue can be expected',
  },
  'host-not-allowed': {
    status: 403,
    rpcCode: invalidRequest,
    message: 'the Host of the request is not a name of this listener',
  },
  'origin-not-allowed': {
    status: 403,
    rpcCode: invalidRequest,
    message: 'the Origin of the request is not allowed',
  },
  'content-type-not-supported': {
    status: 415,
    rpcCode: invalidRequest,
    message: 'expected one Content-Type, application/json in UTF-8',
  },
  'content-encoding-not-supported': {
    status: 415,
    rpcCode: invalidRequest,
    message: 'encoded request bodies are not accepted',
  },
  'body-too-large': {
    status: 413,
    rpcCode: invalidRequest,
    message: 'the request body is too large',
  },
  'body-incomplete': {
    status: 408,
    rpcCode: invalidRequest,
    message: 'the request body did not arrive whole and in time',
  },
  'json-unreadable': {
    status: 400,
    rpcCode: parseError,
    message: 'the body is not one strict JSON text in UTF-8',
  },
  'message-invalid': {
    status: 400,
    rpcCode: invalidRequest,
    message: 'the body is not one JSON-RPC 2.0 request or notification of MCP',
  },
  'header-mismatch': {
    status: 400,
    rpcCode: headerMismatch,
    message: 'the MCP header fields and the body do not say the same',
  },
  'version-not-supported': {
    status: 400,
    rpcCode: unsupportedVersion,
    message: 'this MCP protocol version is not supported',
  },
  'session-unknown': {
    status: 404,
    rpcCode: sessionNotFound,
    message: 'session not found',
  },
  'mcp-method-not-supported': {
    status: 403,
    mcpStatus: 200,
    rpcCode: DENIED_BY_POLICY,
    message: 'this MCP method is not carried',
  },
  'upstream-not-attested': {
    status: 503,
    rpcCode: 503001,
    message: 'the process behind this app could not be attested',
  },
  'upstream-unreachable': {
    status: 503,
    rpcCode: 503002,
    message: 'the app does not accept connections',
  },
  'peer-unreachable': {
    status: 503,
    rpcCode: 503002,
    message: 'the app cannot be reached over mutual TLS',
  },
  'peer-not-expected': {
    status: 502,
    rpcCode: 502001,
    message: "who answers at the app's address did not prove to be the app",
  },
  'caller-gone': { status: 400, rpcCode: invalidRequest, message: 'the caller went away' },
  overloaded: { status: 503, rpcCode: 503003, message: 'too many requests at a time' },
  'not-recorded': {
    status: 503,
    rpcCode: 503005,
    message: 'the decision could not be recorded',
  },
  'answer-unreadable': {
    status: 502,
    rpcCode: 502002,
    message: "the app's answer could not be read",
  },
  'no-answer': { status: 502, rpcCode: 502003, message: 'the app gave no answer' },
  'answer-late': { status: 504, rpcCode: 504001, message: 'the app did not answer in time' },
  internal: {
    status: 500,
    rpcCode: 500001,
    message: 'the proxy failed; the request was not served',
  },
} as const satisfies Record<string, Refusal>

type OwnReason = keyof typeof ownReasons

/** Why a request was refused; also the record's `reason`. */
export type DeniedReason = OwnReason | DenyReason

/** Every one of them, for the documentation's test. */
export const deniedReasons: readonly string[] = [
  ...Object.keys(ownReasons),
  ...Object.keys(DENY_REASONS),
]

/** A refusal that is on its way to the record and the caller, with what was known of the call. */
export interface Denied extends Known {
  readonly denied: DeniedReason
  /** For the record and the log, never sent to the caller; empty where the reason says it all. */
  readonly detail: string
}

/** What a stage had read of the call before it refused. */
export interface Known {
  /** Further members of the JSON-RPC error's `data`. */
  readonly data?: Readonly<Record<string, string | readonly string[]>>
  readonly rpcId?: RpcId
  readonly mcp?: {
    readonly method: string
    readonly tool?: string
    readonly isNotification: boolean
  }
  /** The rule that denied it, if one did. */
  readonly policy?: MatchedRule
  /** The decision that the refusal belongs to, where one was made before. */
  readonly decisionId?: DecisionId
}

export function deny(denied: DeniedReason, detail: string, known: Known = {}): Denied {
  return { ...known, denied, detail }
}

/** Whether a stage's result is a refusal. */
export function isDenied(value: object): value is Denied {
  return 'denied' in value
}

/** What the caller gets for a reason. */
export function refusalOf(reason: DeniedReason): Refusal {
  if (isOwn(reason)) return ownReasons[reason]
  const message = `denied by policy: ${DENY_REASONS[reason]}`
  return { status: 403, mcpStatus: 200, rpcCode: DENIED_BY_POLICY, message }
}

function isOwn(reason: DeniedReason): reason is OwnReason {
  return Object.hasOwn(ownReasons, reason)
}
