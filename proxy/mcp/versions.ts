/** Revisions of MCP that are carried, and which of the two eras each belongs to. */

/** In `legacy` a session is begun by `initialize`; in `modern` each request stands alone. */
export type Era = 'legacy' | 'modern'

const eras = {
  '2024-11-05': 'legacy',
  '2025-03-26': 'legacy',
  '2025-06-18': 'legacy',
  '2025-11-25': 'legacy',
  '2026-07-28': 'modern',
} as const satisfies Record<string, Era>

/** What a request without the header field speaks: transports, 2025-06-18 and later. */
export const assumedVersion: McpVersion = '2025-03-26'

export type McpVersion = keyof typeof eras

export const mcpVersions: readonly string[] = Object.keys(eras)

export function isMcpVersion(text: string): text is McpVersion {
  return Object.hasOwn(eras, text)
}

export function eraOf(version: McpVersion): Era {
  return eras[version]
}
