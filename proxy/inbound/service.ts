/** What one inbound listener serves: an App ID, how it is spoken to, and where the app listens. */

import type { SpiffeId } from '../../spiffe/spiffe-id.ts'
import type { HostNames } from '../http/host-names.ts'
import type { Limits } from '../limits.ts'
import type { Sessions } from '../mcp/sessions.ts'
import type { Upstream } from '../upstream/upstream.ts'

interface AnyService {
  readonly app: SpiffeId
  /** How records name it. */
  readonly route: string
  readonly hosts: HostNames
  /** Whether the caller's `Authorization` goes on to the app. */
  readonly authorization: 'forward' | 'strip'
  readonly limits: Limits
  readonly upstream: Upstream
}

export interface McpService extends AnyService {
  readonly protocol: 'mcp'
  /** The one path of the MCP endpoint. */
  readonly path: string
  readonly sessions: Sessions
}

export interface HttpService extends AnyService {
  readonly protocol: 'http'
}

export type Service = McpService | HttpService
