/** The agent's three sockets: public for workloads, one for proxies, one for the operator. */

import { chmod, chown, readFile } from 'node:fs/promises'
import path from 'node:path'
import { Server, type ServerOptions } from '@grpc/grpc-js'
import { parseAccounts } from '../attestors/workload/account-names.ts'
import { Failure, reasonOf } from '../runtime/failure.ts'
import { makeDirectory } from '../runtime/files.ts'
import { allowManyCancelledCalls } from '../runtime/grpc/stream-resets.ts'
import { type Listening, serveUnix } from '../runtime/grpc/unix-server.ts'
import { answerUnknownMethods } from '../runtime/grpc/unknown-methods.ts'
import type { Lifetime } from '../runtime/lifetime.ts'
import type { Logger } from '../runtime/log.ts'
import { Callers, defaultCallerLimits } from './callers/callers.ts'
import type { WorkloadAttestation } from './callers/workload-attestation.ts'
import type { AgentSockets, ProxySocket } from './config.ts'
import { addHealth, healthName } from './health.ts'
import type { IdentitySets } from './identities/identity-sets.ts'
import { LocalPeers } from './local-peers/local-peers.ts'
import { addProxyApi, proxyApiName } from './proxy-api/service.ts'
import type { NodeState } from './sync/node-state.ts'
import { addWorkloadApi, workloadApiName } from './workload-api/service.ts'

export interface SocketDeps {
  readonly state: NodeState
  readonly identities: IdentitySets
  readonly attestation: WorkloadAttestation
  readonly log: Logger
}

/** What one connection may send; requests of these services are small. */
const serverOptions: ServerOptions = {
  'grpc.max_receive_message_length': 64 * 1024,
  'grpc.max_concurrent_streams': 1000,
  'grpc.enable_channelz': 0,
}

/** A proxy has a stream open for each of its local connections. */
const proxyServerOptions: ServerOptions = {
  ...serverOptions,
  'grpc.max_concurrent_streams': defaultCallerLimits.callsPerUid,
}

/** Opens what is configured; closed with the lifetime. @throws {Failure} */
export async function openSockets(
  sockets: AgentSockets,
  deps: SocketDeps,
  lifetime: Lifetime,
): Promise<readonly Listening[]> {
  if (sockets.admin !== undefined) await openAdmin(sockets.admin, lifetime)
  const proxy = sockets.proxy === undefined ? [] : [await openProxy(sockets.proxy, deps, lifetime)]
  // The last: who finds the agent in health here finds all of it.
  return [...proxy, await openWorkload(sockets.workload, deps, lifetime)]
}

async function openWorkload(
  file: string,
  deps: SocketDeps,
  lifetime: Lifetime,
): Promise<Listening> {
  await ensureDirectory(path.dirname(file), 0o755)
  const grpc = newServer()
  const callers = new Callers(deps.log)
  addWorkloadApi(grpc, { ...deps, callers })
  addHealth(grpc)
  answerUnknownMethods(grpc, new Set([workloadApiName, healthName]))
  const accept = callers.accept.bind(callers)
  return lifetime.own(await serveUnix({ path: file, mode: 0o777, grpc, accept }))
}

async function openProxy(
  { path: file, group, authorized }: ProxySocket,
  deps: SocketDeps,
  lifetime: Lifetime,
): Promise<Listening> {
  await ensureDirectory(path.dirname(file), 0o755)
  const grpc = newServer(proxyServerOptions)
  const callers = new Callers(deps.log)
  const localPeers = lifetime.own(new LocalPeers())
  addProxyApi(grpc, { ...deps, callers, localPeers, authorized })
  addHealth(grpc)
  answerUnknownMethods(grpc, new Set([proxyApiName, healthName]))
  const accept = callers.accept.bind(callers)
  const listening = lifetime.own(await serveUnix({ path: file, mode: 0o660, grpc, accept }))
  if (group !== undefined) await giveToGroup(file, group)
  return listening
}

async function openAdmin(file: string, lifetime: Lifetime): Promise<void> {
  await ensureDirectory(path.dirname(file), 0o700)
  const grpc = newServer()
  addHealth(grpc)
  answerUnknownMethods(grpc, new Set([healthName]))
  lifetime.own(await serveUnix({ path: file, mode: 0o600, grpc, accept: () => undefined }))
}

function newServer(options = serverOptions): Server {
  const grpc = new Server(options)
  allowManyCancelledCalls(grpc)
  return grpc
}

/** One that is there stays as it is. */
async function ensureDirectory(folder: string, mode: number): Promise<void> {
  if (await makeDirectory(folder, mode)) await chmod(folder, mode)
}

async function giveToGroup(file: string, group: string): Promise<void> {
  const gid = /^\d{1,10}$/.test(group) ? Number(group) : await groupIdOf(group)
  if (gid === undefined)
    throw new Failure(
      'invalid-configuration',
      `proxy_socket_group: there is no group ${JSON.stringify(group)}`,
    )
  try {
    await chown(file, process.geteuid?.() ?? -1, gid)
  } catch (error) {
    throw new Failure(
      'invalid-configuration',
      `cannot give ${file} to group ${group}: ${reasonOf(error)}`,
      { cause: error },
    )
  }
}

async function groupIdOf(name: string): Promise<number | undefined> {
  const groups = parseAccounts(await readFile('/etc/group', 'utf8'))
  return [...groups].find(([, found]) => found === name)?.[0]
}
