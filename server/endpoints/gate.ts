/**
 * The gate of every call: who is on the connection now, and does the method's row let it in?
 *
 * Connections outlive SVIDs, agents and authorities, so nothing that was found out at the handshake
 * is taken for granted: expiry, issuer, agent and serial are looked at again for each call.
 */

import type { AuthorizedEntries } from '../../registration/authorized-entries.ts'
import { isExpired } from '../../registration/entry.ts'
import type { Clock } from '../../runtime/clock.ts'
import { Failure } from '../../runtime/failure.ts'
import type { Connections } from '../../runtime/grpc/connections.ts'
import type { GatedCall } from '../../runtime/grpc/handlers.ts'
import type { Logger } from '../../runtime/log.ts'
import type { X509BundleSource } from '../../spiffe/bundle/x509-bundle.ts'
import { type SpiffeId, trustDomainOf } from '../../spiffe/spiffe-id.ts'
import type { VerifiedX509Svid } from '../../spiffe/x509/x509-svid.ts'
import { type Role, rolesOf } from '../api/authorization.ts'
import type { CallerOf, DeniedReason, Standing } from '../api/caller.ts'
import { denied } from '../api/denied.ts'
import type { Gates } from '../api/service.ts'
import type { AttestedNode } from '../datastore/collections/agents.ts'
import type { Actor } from '../datastore/collections/change-record.ts'
import type { ServerConnection } from './connection.ts'

export interface GateDeps {
  readonly connections: Connections<ServerConnection>
  readonly clock: Clock
  readonly agents: { get(id: SpiffeId): AttestedNode | undefined }
  readonly entries: AuthorizedEntries
  readonly bundles: X509BundleSource
  /** IDs that administer without an entry. */
  readonly adminIds: ReadonlySet<SpiffeId>
  /** Makes this pending serial the agent's current one; undefined when it is not pending. */
  readonly activate: (
    id: SpiffeId,
    serial: string,
    actor: Actor,
  ) => Promise<AttestedNode | undefined>
  readonly log: Logger
}

/** One call, as the checks see it. */
interface Attempt {
  readonly connection: ServerConnection
  readonly actor: Actor
  readonly now: Date
}

/** A caller, or why there is none; undefined says no more than that the role is not the peer's. */
type Checked<R extends Role> = CallerOf<R> | DeniedReason | undefined

type Checks = { readonly [R in Role]: (attempt: Attempt) => Checked<R> | Promise<Checked<R>> }

/** The gates of one listener. */
export function gatesOf(deps: GateDeps): Gates {
  const checks: Checks = {
    local: ({ connection, actor }) =>
      connection.door === 'private-socket' ? { role: 'local', actor } : undefined,
    any: ({ connection, actor }) => ({
      role: 'any',
      actor,
      address: connection.door === 'tcp' ? connection.address : undefined,
    }),
    admin: (attempt) => checkAdmin(deps, attempt),
    agent: (attempt) => checkAgent(deps, attempt),
  }
  return (service, method) => {
    const roles = rolesOf(service, method)
    const path = `/${service}/${method}`
    return {
      admit: async (call) => {
        if (call.getPath() !== path) throw new TypeError(`the gate of ${path} got another call`)
        return await authorize(checks, roles, attemptOf(deps, call))
      },
      unexpected: (error, name) => {
        deps.log.error({ err: error, method: name }, 'A call failed unexpectedly')
      },
    }
  }
}

function attemptOf({ connections, clock }: GateDeps, call: GatedCall): Attempt {
  const connection = connections.of(call)
  if (connection === undefined) throw new Failure('unavailable', 'the connection is closed')
  const actor = {
    subject: subjectOf(connection),
    door: connection.door,
    action: call.getPath().slice(1),
  }
  return { connection, actor, now: clock.now() }
}

function subjectOf(connection: ServerConnection): string {
  if (connection.door === 'private-socket') return `uid:${connection.uid}`
  return connection.peer?.id ?? `address:${connection.address}`
}

async function authorize<R extends Role>(
  checks: Checks,
  roles: readonly R[],
  attempt: Attempt,
): Promise<CallerOf<R>> {
  let reason: DeniedReason | undefined
  for (const role of roles) {
    const check: (attempt: Attempt) => Checked<R> | Promise<Checked<R>> = checks[role]
    const checked = await check(attempt)
    if (typeof checked === 'object') return checked
    reason ??= checked
  }
  throw denied(`authorization denied for method /${attempt.actor.action}`, reason)
}

function checkAdmin(deps: GateDeps, { connection, actor, now }: Attempt): Checked<'admin'> {
  const id = currentPeer(deps, connection, now)?.id
  if (id === undefined) return undefined
  const isAdmin =
    deps.adminIds.has(id) ||
    [...deps.entries.withSpiffeId(id)].some((entry) => entry.admin && !isExpired(entry, now))
  return isAdmin ? { role: 'admin', actor, id } : undefined
}

async function checkAgent(deps: GateDeps, attempt: Attempt): Promise<Checked<'agent'>> {
  const { connection, actor } = attempt
  if (connection.door !== 'tcp' || connection.peer === undefined) return undefined
  const { peer, address } = connection
  const { serial } = peer.leaf
  const standing = standingOf(deps, connection, attempt.now)
  if (standing === 'untrusted') return undefined
  if (standing !== 'good') return standing
  const node = await activated(deps, peer.id, serial, actor)
  if (node === undefined) return 'AGENT_NOT_ACTIVE'
  return {
    role: 'agent',
    actor,
    node,
    address,
    svidSerial: serial,
    svidNotAfter: peer.notAfter,
    standing: () => standingOf(deps, connection, deps.clock.now()),
  }
}

function standingOf(deps: GateDeps, connection: ServerConnection, now: Date): Standing {
  if (connection.door !== 'tcp' || connection.peer === undefined) return 'untrusted'
  const { id, leaf, notAfter } = connection.peer
  if (notAfter <= now) return 'AGENT_EXPIRED'
  if (currentPeer(deps, connection, now) === undefined) return 'untrusted'
  const node = deps.agents.get(id)
  if (node === undefined) return 'AGENT_NOT_ATTESTED'
  if (node.banned) return 'AGENT_BANNED'
  const isKnown = node.serial === leaf.serial || node.pending?.serial === leaf.serial
  return isKnown ? 'good' : 'AGENT_NOT_ACTIVE'
}

/** The agent once this serial is its current one; undefined when another overtook it. */
async function activated(
  deps: GateDeps,
  id: SpiffeId,
  serial: string,
  actor: Actor,
): Promise<AttestedNode | undefined> {
  const node = deps.agents.get(id)
  if (node?.pending?.serial !== serial) return node
  return await deps.activate(id, serial, actor)
}

/** The peer as long as its SVID is valid and what it was verified against is still trusted. */
function currentPeer(
  { bundles }: GateDeps,
  connection: ServerConnection,
  now: Date,
): VerifiedX509Svid | undefined {
  if (connection.door !== 'tcp' || connection.peer === undefined) return undefined
  const { peer } = connection
  const anchor = peer.path.at(-1)
  if (peer.notAfter <= now || anchor === undefined) return undefined
  const bundle = bundles.x509Bundle(trustDomainOf(peer.id))
  const isTrusted = bundle?.authorities.some(({ der }) => Buffer.compare(der, anchor.der) === 0)
  return isTrusted ? peer : undefined
}
