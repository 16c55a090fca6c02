/**
 * The head of a request, checked before anything is decided: what a listener accepts at all.
 * `reference` rules: RFC 9112 sections 3 and 11, MCP transports (Host and Origin).
 *
 * Used at both ends: the outbound listener refuses early what the inbound one would refuse anyway.
 */

import { type Denied, deny } from '../denied.ts'
import type { Limits } from '../limits.ts'
import { type HeaderFields, isHeaderProblem, only, readRequestFields } from './header-fields.ts'
import { allowsHost, allowsOrigin, type HostNames } from './host-names.ts'
import { isTargetProblem, type RequestTarget, readTarget } from './request-target.ts'

/** What Node's parser hands over of a request. */
export interface ParsedHead {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
}

export interface RequestHead {
  readonly method: string
  readonly target: RequestTarget
  readonly fields: HeaderFields
  /** Bytes of the body as declared; undefined when it comes in chunks. 0 when there is none. */
  readonly bodyBytes: number | undefined
}

const methods: ReadonlySet<string> = new Set([
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
])

export function readHead(
  parsed: ParsedHead,
  hosts: HostNames,
  limits: Limits,
): RequestHead | Denied {
  const { method = '', url = '', httpVersion } = parsed
  if (httpVersion !== '1.1') return deny('malformed-request', `HTTP version ${httpVersion}`)
  if (!methods.has(method))
    return deny('http-method-not-supported', `method ${method.slice(0, 32)}`)
  const fields = readRequestFields(parsed.rawHeaders, limits.maxHeaderFields)
  if (isHeaderProblem(fields)) {
    const reason = fields.problem === 'too-many' ? 'headers-too-large' : 'header-refused'
    return deny(reason, fields.detail)
  }
  const refused = refuseFields(fields, hosts)
  if (refused !== undefined) return refused
  const target = readTarget(url, limits.maxTargetBytes)
  if (isTargetProblem(target)) {
    return deny(target.problem === 'too-long' ? 'path-too-long' : 'path-not-normal', target.detail)
  }
  return { method, target, fields, bodyBytes: bodyBytes(fields) }
}

function refuseFields(fields: HeaderFields, hosts: HostNames): Denied | undefined {
  const host = only(fields, 'host')
  if (host === undefined) return deny('malformed-request', 'no Host')
  if (!allowsHost(host, hosts)) return deny('host-not-allowed', `Host ${host.slice(0, 128)}`)
  const origin = only(fields, 'origin')
  if (origin !== undefined && !allowsOrigin(origin, hosts))
    return deny('origin-not-allowed', `Origin ${origin.slice(0, 128)}`)
  if (fields.has('upgrade')) return deny('header-refused', 'Upgrade')
  const expect = only(fields, 'expect')
  if (expect !== undefined && expect.toLowerCase() !== '100-continue')
    return deny('expectation-not-supported', `Expect ${expect.slice(0, 64)}`)
  const coding = only(fields, 'transfer-encoding')
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return deny('header-refused', `Transfer-Encoding ${coding.slice(0, 64)}`)
  return undefined
}

/** Node's parser has checked the framing; here it is only read. RFC 9112 section 6.3. */
function bodyBytes(fields: HeaderFields): number | undefined {
  if (fields.has('transfer-encoding')) return undefined
  return Number(only(fields, 'content-length') ?? '0')
}
