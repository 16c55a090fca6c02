/**
 * Which header fields go on to the next hop. RFC 9110 section 7.6.1; DESIGN.md section 5.
 *
 * Hop-by-hop fields end here. Whatever could tell an app who is calling, from where, or that the
 * request is another than it is, is never taken from a caller, in any spelling: the inbound side
 * sets what it knows from the verified peer, and nothing else arrives.
 */

import type { HeaderFields } from './header-fields.ts'

/** Fields of one connection, and those that we write ourselves on the next. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Claims about the caller, the path or the method that only a proxy may make. */
const claims: ReadonlySet<string> = new Set([
  'cdn-loop',
  'client-cert',
  'client-cert-chain',
  'client-ip',
  'fastly-client-ip',
  'forwarded',
  'remote-addr',
  'remote-user',
  'true-client-ip',
  'x-client-dn',
  'x-client-ip',
  'x-client-verify',
  'x-cluster-client-ip',
  'x-forwarded',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-proxyuser-ip',
  'x-real-ip',
  'x-user',
  'x-wap-profile',
])

const claimPrefixes: readonly string[] = [
  'cf-access-',
  'dapr-app-id',
  'dapr-caller-',
  'ssl-client-',
  'tailscale-',
  'workload-identity-',
  'x-amzn-oidc-',
  'x-auth-request-',
  'x-authenticated-',
  'x-client-cert',
  'x-countersign-',
  'x-envoy-',
  'x-forwarded-',
  'x-goog-authenticated-',
  'x-goog-iap-',
  'x-ms-client-principal',
  'x-original-',
  'x-remote-',
  'x-rewrite-',
  'x-spiffe-',
  'x-ssl-',
  'x-tls-',
  'x-workload-',
]

/** Fields that a caller cannot have removed by naming them in Connection: we write or check them. */
const keptPrefix = 'mcp-'

/** The caller's fields that may go to the next hop. */
export function forwardedFields(fields: HeaderFields): Map<string, readonly string[]> {
  const nominated = namedInConnection(fields)
  const forwarded = new Map<string, readonly string[]>()
  for (const [name, values] of fields) {
    if (hopByHop.has(name) || isClaim(name)) continue
    if (nominated.has(name) && !name.startsWith(keptPrefix)) continue
    forwarded.set(name, values)
  }
  return forwarded
}

/** The app's fields that may go back to the caller. */
export function returnedFields(fields: HeaderFields): Map<string, readonly string[]> {
  const nominated = namedInConnection(fields)
  const returned = new Map<string, readonly string[]>()
  for (const [name, values] of fields) {
    if (name !== 'content-length' && (hopByHop.has(name) || nominated.has(name))) continue
    if (name.startsWith('x-countersign-')) continue
    returned.set(name, values)
  }
  return returned
}

/** Whether a caller may not set this field, given in lower case. */
export function isClaim(name: string): boolean {
  return claims.has(name) || claimPrefixes.some((prefix) => name.startsWith(prefix))
}

function namedInConnection(fields: HeaderFields): ReadonlySet<string> {
  const lines = fields.get('connection') ?? []
  return new Set(
    lines.flatMap((line) => line.split(',')).map((token) => token.trim().toLowerCase()),
  )
}
