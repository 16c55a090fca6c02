/**
 * The server's two doors: TLS for agents and administrators, a private Unix socket for whoever may
 * open it. The same services stand behind both, health behind the private one only.
 */

import type { Socket } from 'node:net'
import path from 'node:path'
import type { TLSSocket } from 'node:tls'
import { Server } from '@grpc/grpc-js'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import { lstatIfThere, makeDirectory } from '../../runtime/files.ts'
import { Connections } from '../../runtime/grpc/connections.ts'
import { serveTls, type TlsListening } from '../../runtime/grpc/tls-server.ts'
import { type Listening, serveUnix } from '../../runtime/grpc/unix-server.ts'
import { answerUnknownMethods } from '../../runtime/grpc/unknown-methods.ts'
import { credentialsOf } from '../../runtime/peer-credentials.ts'
import { presentedChain } from '../../runtime/tls/presented-chain.ts'
import { maxChainCertificates, verifyX509Svid } from '../../spiffe/x509/x509-svid.ts'
import type { Service } from '../api/service.ts'
import type { ServerConnection } from './connection.ts'
import { type GateDeps, gatesOf } from './gate.ts'
import type { ServerSvid } from './server-svid.ts'

/** What a gate needs besides the listener's own connections. */
export type ListenerDeps = Omit<GateDeps, 'connections'>

const limits = {
  messageBytes: 4 << 20,
  streamsPerConnection: 1000,
} as const

/** Serves TLS with the server's SVID, also as it is renewed. */
export async function serveTcp(
  deps: ListenerDeps,
  services: readonly Service[],
  svid: ServerSvid,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<TlsListening> {
  const connections = new Connections<ServerConnection>()
  const listening = await serveTls({
    host,
    port,
    grpc: grpcServer({ ...deps, connections }, services),
    identity: svid.identity,
    accept: (socket) => {
      connections.add(socket, acceptTls(deps, socket))
    },
  })
  svid.onRenewal((identity) => {
    listening.setIdentity(identity)
  })
  deps.log.info({ network: 'tcp', address: host, port: listening.port }, 'Starting Server APIs')
  return listening
}

/** Serves the private socket: mode 0600, and its folder is made with 0700 where it is missing. */
export async function servePrivateSocket(
  deps: ListenerDeps,
  services: readonly Service[],
  file: string,
): Promise<Listening> {
  await ensureClosedFolder(path.dirname(file))
  const connections = new Connections<ServerConnection>()
  const listening = await serveUnix({
    path: file,
    mode: 0o600,
    grpc: grpcServer({ ...deps, connections }, services),
    accept: (socket) => {
      connections.add(socket, acceptLocal(deps, socket))
    },
  })
  deps.log.info({ network: 'unix', address: file }, 'Starting Server APIs')
  return listening
}

function grpcServer(deps: GateDeps, services: readonly Service[]): Server {
  const server = new Server({
    'grpc.max_receive_message_length': limits.messageBytes,
    'grpc.max_concurrent_streams': limits.streamsPerConnection,
  })
  const gates = gatesOf(deps)
  for (const service of services) service.addTo(server, gates)
  answerUnknownMethods(server, new Set(services.map(({ name }) => name)))
  return server
}

/** Who is refused here sees a connection that ends, and nothing of why. */
function acceptTls({ bundles, clock, log }: ListenerDeps, socket: TLSSocket): ServerConnection {
  const address = socket.remoteAddress ?? 'unknown'
  try {
    const chain = presentedChain(socket.getPeerCertificate(true), maxChainCertificates)
    const peer = chain.length === 0 ? undefined : verifyX509Svid(chain, bundles, clock.now())
    return { door: 'tcp', address, peer }
  } catch (error) {
    log.warn({ address, reason: reasonOf(error) }, 'A client certificate was refused')
    throw error
  }
}

function acceptLocal({ log }: ListenerDeps, socket: Socket): ServerConnection {
  try {
    const { uid, pid } = credentialsOf(socket)
    return { door: 'private-socket', uid, pid }
  } catch (error) {
    log.error({ reason: reasonOf(error) }, 'The kernel did not say who connected')
    throw error
  }
}

/** Where others could put another socket in place of ours, none is opened. */
async function ensureClosedFolder(folder: string): Promise<void> {
  const found = await lstatIfThere(folder)
  if (found === undefined) {
    await makeDirectory(folder, 0o700)
    return
  }
  if (!found.isDirectory() || (found.mode & 0o022) !== 0)
    throw new Failure(
      'invalid-configuration',
      `${folder} must be a folder that nobody else can write to, for the private socket`,
      { hint: `chmod go-w ${folder}, or configure another socket_path` },
    )
}
