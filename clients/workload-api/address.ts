/** Where a Workload API is: SPIFFE Workload Endpoint section 4. Messages are go-spiffe's. */

import { isIP } from 'node:net'
import { Failure } from '../../runtime/failure.ts'

/** The environment variable that names the address. */
export const endpointVariable = 'SPIFFE_ENDPOINT_SOCKET'

/**
 * A gRPC target from `unix:///absolute/path` or `tcp://IP:port`.
 *
 * @throws {Failure} `invalid-argument`
 */
export function workloadApiTarget(address: string): string {
  if (!URL.canParse(address)) throw invalid('socket is not a valid URI')
  const url = new URL(address)
  switch (url.protocol) {
    case 'unix:':
      return unixTargetOf(url)
    case 'tcp:':
      return tcpTargetOf(url)
    default:
      throw invalid('socket URI must have a "tcp" or "unix" scheme')
  }
}

function unixTargetOf(url: URL): string {
  requirePlain(url, 'unix')
  if (url.host !== '') throw invalid('unix socket URI must not include a host')
  if (url.pathname === '' || url.pathname === '/')
    throw invalid('unix socket URI must include a path')
  return `unix:${decodeURIComponent(url.pathname)}`
}

function tcpTargetOf(url: URL): string {
  requirePlain(url, 'tcp')
  if (url.hostname === '') throw invalid('tcp socket URI must include a host')
  if (url.pathname !== '' && url.pathname !== '/')
    throw invalid('tcp socket URI must not include a path')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) === 0) throw invalid('tcp socket URI host component must be an IP:port')
  if (url.port === '') throw invalid('tcp socket URI host component must include a port')
  return `${isIP(host) === 6 ? 'ipv6' : 'ipv4'}:${url.host}`
}

function requirePlain(
  { href, pathname, username, password, search, hash }: URL,
  kind: string,
): void {
  const isOpaque = pathname !== '' && !pathname.startsWith('/')
  if (isOpaque) throw invalid(`${kind} socket URI must not be opaque`)
  if (username !== '' || password !== '')
    throw invalid(`${kind} socket URI must not include user info`)
  if (search !== '' || href.includes('?'))
    throw invalid(`${kind} socket URI must not include query values`)
  if (hash !== '' || href.includes('#'))
    throw invalid(`${kind} socket URI must not include a fragment`)
}

function invalid(problem: string): Failure {
  return new Failure('invalid-argument', `workload endpoint ${problem}`)
}
