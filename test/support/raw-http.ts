/** HTTP/1.1 by hand: bytes as they are, for requests that no client library would send. */

import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { TestSvid } from './test-ca.ts'

export interface RawAnswer {
  /** 0 when the connection was closed without one. */
  readonly status: number
  readonly fields: ReadonlyMap<string, string>
  readonly body: string
}

/** Opens a connection for one request. */
export type Door = () => Promise<Socket>

export function plainDoor(port: number): Door {
  return async () => {
    const socket = connect({ port, host: '127.0.0.1' })
    await opened(socket, 'connect')
    return socket
  }
}

/** As a workload that shows this SVID; the server's certificate is not looked at. */
export function mtlsDoor(port: number, { chainPem, keyPem }: TestSvid): Door {
  return async () => {
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      cert: chainPem,
      key: keyPem,
      rejectUnauthorized: false,
    })
    await opened(socket, 'secureConnect')
    return socket
  }
}

export interface RawRequest {
  readonly method: string
  readonly target: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body?: Uint8Array
}

/** Sends the request on a connection of its own and reads one answer. Host is added when missing. */
export async function ask(
  door: Door,
  { method, target, fields, body }: RawRequest,
  host: string,
): Promise<RawAnswer> {
  const lines = [`${method} ${target} HTTP/1.1`]
  if (!fields.some(([name]) => name.toLowerCase() === 'host')) lines.push(`Host: ${host}`)
  for (const [name, value] of fields) lines.push(`${name}: ${value}`)
  if (body !== undefined) lines.push(`Content-Length: ${body.length}`)
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8')
  return await askBytes(door, Buffer.concat([head, body ?? Buffer.alloc(0)]))
}

/** Sends the bytes on a connection of its own and reads one answer. */
export async function askBytes(door: Door, bytes: Uint8Array): Promise<RawAnswer> {
  const socket = await door()
  socket.on('error', () => undefined)
  socket.write(bytes)
  const answer = await readAnswer(socket)
  socket.destroy()
  return answer
}

/** The next answer on the connection; one that ends with the connection, or has a length. */
export async function readAnswer(socket: Socket): Promise<RawAnswer> {
  let received = Buffer.alloc(0)
  return await new Promise((resolve) => {
    const take = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk])
      const answer = parse(received)
      if (answer !== undefined) done(answer)
    }
    const closed = (): void => {
      done(parse(received) ?? { status: 0, fields: new Map(), body: received.toString('latin1') })
    }
    const done = (answer: RawAnswer): void => {
      socket.off('data', take).off('close', closed)
      resolve(answer)
    }
    socket.on('data', take).on('close', closed)
  })
}

function parse(bytes: Buffer): RawAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? '0')
  const fields = new Map(
    lines.map((line) => {
      const [name = '', ...rest] = line.split(':')
      return [name.toLowerCase(), rest.join(':').trim()]
    }),
  )
  if (status === 100) return parse(bytes.subarray(end + 4))
  const body = bytes.subarray(end + 4)
  const chunked = fields.get('transfer-encoding') === 'chunked'
  const isWhole = chunked
    ? body.toString('latin1').endsWith('0\r\n\r\n')
    : body.length >= Number(fields.get('content-length') ?? '0')
  return isWhole ? { status, fields, body: body.toString('utf8') } : undefined
}

async function opened(socket: Socket, event: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once(event, resolve)
    socket.once('error', reject)
  })
}
