/**
 * The MCP header fields of a request against its body: MCP 2026-07-28, "Server validation".
 *
 * The body is what counts. The fields are compared with it, so that nobody on the way who looks at
 * them sees another call, and are written anew from it for the next hop.
 */

import { type Denied, deny } from '../denied.ts'
import { type HeaderFields, only } from '../http/header-fields.ts'
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts'
import type { RpcMessage } from './message.ts'
import { assumedVersion, type Era, eraOf, isMcpVersion, mcpVersions } from './versions.ts'

const versionMember = 'io.modelcontextprotocol/protocolVersion'

export interface Spoken {
  readonly era: Era
  /** As the field said; undefined where there was none. */
  readonly version?: string
}

/** Which revision the request speaks, when the fields agree with the message. */
export function agree(
  fields: HeaderFields,
  message: RpcMessage,
  tool: string | undefined,
): Spoken | Denied {
  const version = only(fields, 'mcp-protocol-version')
  if (version !== undefined && !isMcpVersion(version))
    return deny('version-not-supported', `version ${version.slice(0, 32)}`, {
      data: { supported: mcpVersions, requested: version.slice(0, 32) },
    })
  const inBody = message.meta?.get(versionMember)
  if (inBody !== undefined && inBody !== version)
    return deny('header-mismatch', 'MCP-Protocol-Version is not the version in _meta')
  const era = eraOf(version ?? assumedVersion)
  const problem =
    disagreement('Mcp-Method', only(fields, 'mcp-method'), message.method, era) ??
    disagreement('Mcp-Name', only(fields, 'mcp-name'), tool, era)
  if (problem !== undefined) return deny('header-mismatch', problem)
  return version === undefined ? { era } : { era, version }
}

/** The fields for the next hop. */
export function mcpFields(
  { era, version }: Spoken,
  message: RpcMessage,
  tool: string | undefined,
): [name: string, value: string][] {
  const fields: [string, string][] = []
  if (version !== undefined) fields.push(['mcp-protocol-version', version])
  if (era === 'legacy') return fields
  fields.push(['mcp-method', encodeHeaderValue(message.method)])
  if (tool !== undefined) fields.push(['mcp-name', encodeHeaderValue(tool)])
  return fields
}

function disagreement(
  name: string,
  field: string | undefined,
  wanted: string | undefined,
  era: Era,
): string | undefined {
  if (field === undefined)
    return era === 'modern' && wanted !== undefined ? `${name} is missing` : undefined
  return decodeHeaderValue(field) === wanted ? undefined : `${name} is not what the body says`
}
