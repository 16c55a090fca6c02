/** The host names of an App ID: what callers may put into Host, and what our outbound side puts there. */

import { pathOf, type SpiffeId, trustDomainOf } from '../../spiffe/spiffe-id.ts'

const appPath = /^\/ns\/([^/]+)\/([^/]+)$/

/** The most specific last; empty when the SPIFFE ID is no App ID. */
export function appNames(app: SpiffeId): string[] {
  const [, namespace, name] = appPath.exec(pathOf(app).toLowerCase()) ?? []
  if (namespace === undefined || name === undefined) return []
  const inNamespace = `${name}.${namespace}`
  return [name, inNamespace, `${inNamespace}.${trustDomainOf(app)}`]
}

/** The Host for a call to the app: its own name, or where it was reached when it has none. */
export function hostOf(app: SpiffeId, address: string): string {
  return appNames(app)[1] ?? address
}
