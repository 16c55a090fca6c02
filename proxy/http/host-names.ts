/**
 * The names that a listener answers to, and the origins whose pages may call it.
 *
 * A page of a stranger's site can make a browser send requests here (DNS rebinding); the Host that
 * it sends is the stranger's, and so is its Origin. MCP transports, security warning 1.
 */

export interface HostNames {
  /** Host names and IP addresses in lower case, IPv6 in brackets, without port. */
  readonly names: ReadonlySet<string>
  /** The port that may follow a name, and must unless it is the default one. */
  readonly port: number
  /** Origins beside the listener's own, as a browser writes them: `https://console.example.org`. */
  readonly origins: ReadonlySet<string>
  /** Own scheme, for the origin of pages that the listener itself serves. */
  readonly scheme: 'http' | 'https'
}

const hostForm = /^(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9._-]*)(?::([0-9]{1,5}))?$/

/** Whether a Host field names this listener. A port may be left out only with an app's own name. */
export function allowsHost(host: string, { names, port }: HostNames): boolean {
  const [, name, givenPort] = hostForm.exec(host.toLowerCase()) ?? []
  if (name === undefined || !names.has(name)) return false
  return givenPort === undefined || Number(givenPort) === port
}

/** Whether pages of this origin may call the listener. `null` and files never may. */
export function allowsOrigin(origin: string, hosts: HostNames): boolean {
  if (hosts.origins.has(origin)) return true
  const prefix = `${hosts.scheme}://`
  return origin.startsWith(prefix) && allowsHost(origin.slice(prefix.length), hosts)
}

/** How an address of the machine is written in a Host field. */
export function hostOfAddress(address: string): string {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
  return plain.includes(':') ? `[${plain.toLowerCase()}]` : plain
}
