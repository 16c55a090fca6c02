/** Bounds on what a peer can make the proxy hold or wait for, with their defaults. docs/proxy.md. */

/** Bounds of one listener. */
export interface Limits {
  /** Connections at a time. */
  readonly maxConnections: number
  /** Bytes of request line and header fields together. */
  readonly maxHeaderBytes: number
  /** Header fields of one request. */
  readonly maxHeaderFields: number
  /** Bytes of path and query together. */
  readonly maxTargetBytes: number
  /** Bytes of a message on an MCP route. Bodies of plain HTTP are streamed and not bounded. */
  readonly maxMessageBytes: number
  /** Bytes of an answer that has to be read whole: `tools/list`. */
  readonly maxListBytes: number
  /** TLS handshake, or naming the local process. */
  readonly handshakeTimeoutMs: number
  /** From the first byte of a request to the end of its header fields. */
  readonly headerTimeoutMs: number
  /** From the first byte of a request to the end of its body, whatever its size. */
  readonly requestTimeoutMs: number
  /** From the end of the header fields to the end of a message on an MCP route. */
  readonly messageTimeoutMs: number
  /** From the whole request to the first byte of the answer. */
  readonly answerTimeoutMs: number
  /** Connections of callers without a request. */
  readonly idleTimeoutMs: number
  /** Connections to an upstream without a request; stay under the upstream's own limit. */
  readonly upstreamIdleTimeoutMs: number
  /** Mutual TLS connections to an app without a request; under the app side's `idle_timeout`. */
  readonly peerIdleTimeoutMs: number
  /** Connecting to an upstream and having it attested. */
  readonly connectTimeoutMs: number
  /** Longest exchange, streams included. */
  readonly maxStreamAgeMs: number
}

export const defaultLimits: Limits = {
  maxConnections: 4096,
  maxHeaderBytes: 32 * 1024,
  maxHeaderFields: 100,
  maxTargetBytes: 8 * 1024,
  maxMessageBytes: 4 * 1024 * 1024,
  maxListBytes: 8 * 1024 * 1024,
  handshakeTimeoutMs: 10_000,
  headerTimeoutMs: 15_000,
  requestTimeoutMs: 300_000,
  messageTimeoutMs: 30_000,
  answerTimeoutMs: 300_000,
  idleTimeoutMs: 75_000,
  upstreamIdleTimeoutMs: 4_000,
  peerIdleTimeoutMs: 60_000,
  connectTimeoutMs: 5_000,
  maxStreamAgeMs: 3_600_000,
}
