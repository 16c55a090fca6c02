/** `HOST:PORT` as configuration writes it. */

import { isIPv4, isIPv6 } from 'node:net'

export interface ListenAddress {
  /** Host name or IP address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

const form = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/

/** Undefined when the text is none. */
export function hostPort(text: string): ListenAddress | undefined {
  const [, bracketed, plain, digits] = form.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || port > 65_535) return undefined
  if (bracketed !== undefined && !isIPv6(bracketed)) return undefined
  return { host, port }
}

/** As a Host field and a log write it. */
export function hostPortText({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Whether only processes of this machine can connect to it. Names are not looked up. */
export function isLoopback({ host }: Pick<ListenAddress, 'host'>): boolean {
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
