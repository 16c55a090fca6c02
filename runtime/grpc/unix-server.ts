/**
 * A gRPC server on a Unix socket that knows its callers.
 *
 * Each connection is accepted by us, `accept` reads who it is from the kernel, and only then does
 * grpc-js see it; a connection whose caller cannot be read is closed.
 */

import { chmodSync, rmSync } from 'node:fs'
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import path from 'node:path'
import { type Server, ServerCredentials } from '@grpc/grpc-js'
import { pause } from '../backoff.ts'
import { Failure } from '../failure.ts'
import { lstatIfThere } from '../files.ts'

/** Longest path that fits in a socket address, in bytes. */
const maxSocketPathBytes = 107

export interface UnixServerOptions {
  /** Absolute path of the socket; its directory must exist. */
  readonly path: string
  /** Mode of the socket file, such as 0o600. */
  readonly mode: number
  readonly grpc: Server
  /** Registers the caller; throws to refuse the connection. */
  readonly accept: (socket: Socket) => void
  /** Most connections at a time; further ones are closed. */
  readonly maxConnections?: number
}

export interface Listening {
  /** Accepts no more, and lets calls that are about to end do so, for at most that long. */
  drain(graceMs: number): Promise<void>
  close(): Promise<void>
}

export async function serveUnix(options: UnixServerOptions): Promise<Listening> {
  await clearStaleSocket(options.path)
  const injector = options.grpc.createConnectionInjector(ServerCredentials.createInsecure())
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    socket.on('error', () => {
      socket.destroy()
    })
    try {
      options.accept(socket)
    } catch {
      // Who cannot be identified is not served; the acceptor has logged why.
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    injector.injectConnection(socket)
  })
  server.maxConnections = options.maxConnections ?? 10_000
  await listen(server, options.path, options.mode)
  return {
    drain: async (graceMs) => {
      server.close()
      injector.drain(graceMs)
      const over = new AbortController()
      await Promise.race([allClosed(sockets), pause(graceMs, over.signal)])
      over.abort()
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
      })
      injector.destroy()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

async function allClosed(sockets: Iterable<Socket>): Promise<void> {
  const ends = [...sockets].map(
    async (socket) => await new Promise<void>((resolve) => socket.once('close', () => resolve())),
  )
  await Promise.all(ends)
}

/** The socket exists with its mode from the first moment: it is made under a closed umask. */
async function listen(server: NetServer, file: string, mode: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new Failure('unavailable', `cannot listen on ${file}: ${cause.message}`, { cause }))
    })
    server.once('listening', resolve)
    const before = process.umask(0o177)
    try {
      server.listen(file)
    } finally {
      process.umask(before)
    }
  })
  chmodSync(file, mode)
}

/** Removes a socket that nobody serves any more; anything else at this place stays. */
async function clearStaleSocket(file: string): Promise<void> {
  if (!path.isAbsolute(file) || Buffer.byteLength(file) > maxSocketPathBytes)
    throw new Failure(
      'invalid-configuration',
      `socket path ${JSON.stringify(file)} must be absolute and at most ${maxSocketPathBytes} bytes long`,
    )
  const found = await lstatIfThere(file)
  if (found === undefined) return
  if (!found.isSocket())
    throw new Failure('invalid-configuration', `${file} exists and is not a socket`)
  if (await answers(file))
    throw new Failure('failed-precondition', `another process serves ${file}`, {
      hint: 'stop it first, or configure another path',
    })
  rmSync(file)
}

async function answers(file: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = connect(file)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => {
      resolve(false)
    })
  })
}
