/** The tuple of a TCP connection, in the form in which the kernel is asked about it. */
import type { Endpoint, TcpConnection } from '../../runtime/socket-facts.ts'

/** Two ends in one address family, as sock_diag asks for them. */
export interface Tuple {
  readonly family: 4 | 6
  readonly local: Endpoint
  readonly remote: Endpoint
}

/**
 * The tuple of a connection, with IPv4 addresses written as IPv6 (`::ffff:127.0.0.1`, what a
 * listener on `::` shows) as plain IPv4. Undefined when the addresses or ports cannot be any.
 */
export function tupleOf({ local, remote }: TcpConnection): Tuple | undefined {
  if (!isPort(local.port) || !isPort(remote.port)) return undefined
  const [from, to] = [plain(local.address), plain(remote.address)]
  const family = from.length === 4 ? 4 : 6
  if (from.length !== to.length || (from.length !== 4 && from.length !== 16)) return undefined
  return {
    family,
    local: { address: from, port: local.port },
    remote: { address: to, port: remote.port },
  }
}

/** The same connection, seen from the other end. */
export function reversed({ family, local, remote }: Tuple): Tuple {
  return { family, local: remote, remote: local }
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex')

function plain(address: Uint8Array): Uint8Array {
  const isMapped = address.length === 16 && mappedPrefix.equals(address.subarray(0, 12))
  return isMapped ? address.subarray(12) : address
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65536
}
