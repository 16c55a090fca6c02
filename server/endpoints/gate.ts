/**
 * The gate of every call: who is on the connection now, and does the method's row let it in?
 *
 * Connections outlive SVIDs, agents and authorities, so nothing that was found out at the handshake
 * is taken for granted: expiry, issuer, agent and serial are looked at again for each call.
 */

import { messageDefinition } from '../../proto/services.ts'
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
import type { CallerOf } from '../api/caller.ts'
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
  /** Makes this serial, which is the pending one, the agent's current one. */
  readonly activate: (id: SpiffeId, serial: string, actor: Actor) => Promise<AttestedNode>
  readonly log: Logger
}

/** SPIRE's reasons, which agents act on. */
type DeniedReason = 'AGENT_EXPIRED' | 'AGENT_NOT_ATTESTED' | 'AGENT_NOT_ACTIVE' | 'AGENT_BANNED'

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
  throw new Failure(
    'permission-denied',
    `authorization denied for method /${attempt.actor.action}`,
    {
      details: reason === undefined ? [] : [deniedDetail(reason)],
    },
  )
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
  const { connection, actor, now } = attempt
  if (connection.door !== 'tcp' || connection.peer === undefined) return undefined
  if (connection.peer.notAfter <= now) return 'AGENT_EXPIRED'
  const peer = currentPeer(deps, connection, now)
  if (peer === undefined) return undefined
  const { serial } = peer.leaf
  const found = deps.agents.get(peer.id)
  if (found === undefined) return 'AGENT_NOT_ATTESTED'
  if (found.banned) return 'AGENT_BANNED'
  const isPending = found.pending?.serial === serial
  if (!isPending && found.serial !== serial) return 'AGENT_NOT_ACTIVE'
  const node = isPending ? await deps.activate(peer.id, serial, actor) : found
  const { address } = connection
  return { role: 'agent', actor, node, address, svidSerial: serial, svidNotAfter: peer.notAfter }
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

function deniedDetail(reason: DeniedReason): { type: string; value: Uint8Array } {
  const type = 'spire.api.types.PermissionDeniedDetails'
  return { type, value: messageDefinition(type).serialize({ reason }) }
}
