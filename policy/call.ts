// What a policy decides on: one call, already read and checked by the proxy. The strings in a call
// are the ones that are sent on, so that nothing is decided on one spelling and sent in another.

/** One HTTP request. */
export interface HttpCall {
  readonly kind: 'http'
  /** Request method as sent, upper case for the standard ones; compared byte for byte. */
  readonly method: string
  /** The canonical path that is decided on and sent upstream; no query, no escapes left to undo. */
  readonly path: string
}

/** One JSON-RPC request or notification on an MCP route. */
export interface McpCall {
  readonly kind: 'mcp'
  /** JSON-RPC method, decoded, for example `tools/call`. */
  readonly method: string
  /** `params.name` of `tools/call`, decoded. Ignored with any other method. */
  readonly tool?: string
  /** True when the message carried no id. */
  readonly isNotification: boolean
}

/** The opening of one TCP connection. */
export interface TcpOpen {
  readonly kind: 'tcp'
}

/** Anything that a policy can allow or deny. */
export type Call = HttpCall | McpCall | TcpOpen

/** The MCP method whose subject is a tool rather than the method itself. */
export const TOOL_CALL = 'tools/call'
