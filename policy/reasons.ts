// Why a call was allowed or denied: one closed list. The public sentence goes to the caller with a
// refusal; it tells about this call only and nothing about other callers or what the app has.

/** Reasons of a denial. */
export const DENY_REASONS = {
  'no-policy': 'no policy protects this app, so every call is denied',
  'no-rules': 'this app is closed to everyone',
  'rule-denies': 'a rule denies this call',
  'caller-not-allowed': 'no rule allows this caller',
  'protocol-not-allowed': 'no rule allows this caller to use this protocol',
  'method-not-allowed': 'no rule allows this caller to use this method',
  'tool-not-allowed': 'no rule allows this caller to call this tool',
  'path-not-allowed': 'no rule allows this caller to request this path',
} as const

/** Reasons of a permission. */
export const ALLOW_REASONS = {
  'rule-allows': 'a rule allows this call',
  'mcp-access':
    'some rule allows this caller an MCP call, which includes the handshake and tools/list',
} as const

/** A key of `DENY_REASONS`. */
export type DenyReason = keyof typeof DENY_REASONS

/** A key of `ALLOW_REASONS`. */
export type AllowReason = keyof typeof ALLOW_REASONS
